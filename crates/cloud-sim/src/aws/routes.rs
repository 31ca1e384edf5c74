//! Which action does what, which parameters it knows, and whether it may change something.

use cloud_world::Kind;

use super::api::{Answer, Api};
use super::{
    addresses, attributes, errors, group_rules, groups, images, instance_types, instances, key_pairs, launch, network,
    places, power, snapshots, spot, status, tags, volume_changes, volumes,
};
use crate::face::{Call, Calls, post};

/// What does an action, and the parameters that it knows; a `#` in them stands for a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Action {
    does: fn(&mut Api<'_>) -> Answer,
    parameters: &'static [&'static [&'static str]],
}

impl Action {
    /// Does it, once its parameters are known; a dry run ends here.
    pub(super) fn answer(&self, api: &mut Api<'_>) -> Answer {
        api.params.only(self.parameters)?;
        if api.params.flag("DryRun")?.unwrap_or(false) {
            return Err(errors::dry_run());
        }
        (self.does)(api)
    }
}

const fn read(
    name: &'static str,
    does: fn(&mut Api<'_>) -> Answer,
    parameters: &'static [&'static [&'static str]],
) -> Call<Action> {
    write(name, does, parameters).reads()
}

const fn write(
    name: &'static str,
    does: fn(&mut Api<'_>) -> Answer,
    parameters: &'static [&'static [&'static str]],
) -> Call<Action> {
    post(name, Action { does, parameters })
}

const FILTERS: &[&str] = &["Filter.#.Name", "Filter.#.Value.#"];
const PAGES: &[&str] = &["MaxResults", "NextToken"];
const TAGS: &[&str] =
    &["TagSpecification.#.ResourceType", "TagSpecification.#.Tag.#.Key", "TagSpecification.#.Tag.#.Value"];
const INSTANCES: &[&str] = &["InstanceId.#"];
const GROUP: &[&str] = &["GroupId", "GroupName"];
#[rustfmt::skip]
const RULES: &[&str] = &[
    "CidrIp", "FromPort", "IpProtocol", "ToPort", "IpPermissions.#.FromPort", "IpPermissions.#.IpProtocol",
    "IpPermissions.#.ToPort", "IpPermissions.#.Groups.#.Description", "IpPermissions.#.Groups.#.GroupId",
    "IpPermissions.#.Groups.#.GroupName", "IpPermissions.#.Groups.#.UserId", "IpPermissions.#.IpRanges.#.CidrIp",
    "IpPermissions.#.IpRanges.#.Description", "IpPermissions.#.Ipv6Ranges.#.CidrIpv6",
    "IpPermissions.#.Ipv6Ranges.#.Description",
];
#[rustfmt::skip]
const RUN: &[&str] = &[
    "BlockDeviceMapping.#.DeviceName", "BlockDeviceMapping.#.Ebs.DeleteOnTermination",
    "BlockDeviceMapping.#.Ebs.Encrypted", "BlockDeviceMapping.#.Ebs.Iops", "BlockDeviceMapping.#.Ebs.KmsKeyId",
    "BlockDeviceMapping.#.Ebs.SnapshotId", "BlockDeviceMapping.#.Ebs.Throughput",
    "BlockDeviceMapping.#.Ebs.VolumeSize", "BlockDeviceMapping.#.Ebs.VolumeType", "BlockDeviceMapping.#.NoDevice",
    "ClientToken", "CreditSpecification.CpuCredits", "DisableApiStop", "DisableApiTermination", "EbsOptimized",
    "HibernationOptions.Configured", "IamInstanceProfile.Arn", "IamInstanceProfile.Name", "ImageId",
    "InstanceInitiatedShutdownBehavior", "InstanceMarketOptions.MarketType",
    "InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior", "InstanceMarketOptions.SpotOptions.MaxPrice",
    "InstanceMarketOptions.SpotOptions.SpotInstanceType", "InstanceMarketOptions.SpotOptions.ValidUntil",
    "InstanceType", "KeyName", "MaxCount", "MetadataOptions.HttpEndpoint",
    "MetadataOptions.HttpProtocolIpv6", "MetadataOptions.HttpPutResponseHopLimit", "MetadataOptions.HttpTokens", "MetadataOptions.InstanceMetadataTags",
    "MinCount", "Monitoring.Enabled", "NetworkInterface.#.AssociatePublicIpAddress", "NetworkInterface.#.Ipv6AddressCount",
    "NetworkInterface.#.DeleteOnTermination", "NetworkInterface.#.Description", "NetworkInterface.#.DeviceIndex",
    "NetworkInterface.#.SecurityGroupId.#", "NetworkInterface.#.SubnetId", "Placement.AvailabilityZone",
    "Placement.Tenancy", "SecurityGroup.#", "SecurityGroupId.#", "SubnetId", "UserData",
];

#[rustfmt::skip]
pub(super) const ACTIONS: Calls<Action> = Calls::below("", &[
    write("RunInstances", launch::run, &[RUN, TAGS]).makes(Kind::Host).places(),
    read("DescribeInstances", instances::describe, &[INSTANCES, FILTERS, PAGES]),
    write("StartInstances", power::start, &[INSTANCES]).places(),
    write("StopInstances", power::stop, &[INSTANCES, &["Force", "Hibernate", "SkipOsShutdown"]]),
    write("RebootInstances", power::reboot, &[INSTANCES]),
    write("TerminateInstances", power::terminate, &[INSTANCES, &["Force", "SkipOsShutdown"]]),
    read("DescribeInstanceStatus", status::describe, &[INSTANCES, &["IncludeAllInstances"], FILTERS, PAGES]),
    read("GetConsoleOutput", status::console, &[&["InstanceId", "Latest"]]),
    write("ModifyInstanceAttribute", attributes::modify, &[&[
        "Attribute", "BlockDeviceMapping.#.DeviceName", "BlockDeviceMapping.#.Ebs.DeleteOnTermination",
        "DisableApiStop.Value", "DisableApiTermination.Value", "EbsOptimized.Value", "EnaSupport.Value", "GroupId.#",
        "InstanceId", "InstanceInitiatedShutdownBehavior.Value", "InstanceType.Value", "SourceDestCheck.Value",
        "UserData.Value", "Value",
    ]]),
    read("DescribeInstanceAttribute", attributes::describe, &[&["Attribute", "InstanceId"]]),
    read("DescribeInstanceTypes", instance_types::describe, &[&["InstanceType.#"], FILTERS, PAGES]),
    read("DescribeInstanceTypeOfferings", instance_types::offerings, &[&["LocationType"], FILTERS, PAGES]),
    read("DescribeRegions", places::describe_regions, &[&["RegionName.#", "AllRegions"], FILTERS]),
    read("DescribeAvailabilityZones", places::describe_zones, &[
        &["ZoneName.#", "AllAvailabilityZones"], FILTERS,
    ]),
    read("DescribeImages", images::describe, &[
        &["ImageId.#", "Owner.#", "ExecutableBy.#", "IncludeDeprecated", "IncludeDisabled"], FILTERS, PAGES,
    ]),
    write("CreateImage", images::create, &[
        &["InstanceId", "Name", "Description", "NoReboot", "BlockDeviceMapping.#.DeviceName",
          "BlockDeviceMapping.#.NoDevice"],
        TAGS,
    ]).makes(Kind::Image),
    write("DeregisterImage", images::deregister, &[&["ImageId", "DeleteAssociatedSnapshots"]]),
    write("CreateSnapshot", snapshots::create, &[&["VolumeId", "Description"], TAGS]).makes(Kind::Image),
    read("DescribeSnapshots", snapshots::describe, &[
        &["SnapshotId.#", "Owner.#", "RestorableBy.#"], FILTERS, PAGES,
    ]),
    write("DeleteSnapshot", snapshots::delete, &[&["SnapshotId"]]),
    write("CreateVolume", volumes::create, &[
        &["AvailabilityZone", "ClientToken", "Encrypted", "Iops", "KmsKeyId", "Size", "SnapshotId", "Throughput",
          "VolumeType"],
        TAGS,
    ]).makes(Kind::Volume).places(),
    read("DescribeVolumes", volumes::describe, &[&["VolumeId.#"], FILTERS, PAGES]),
    write("AttachVolume", volumes::attach, &[&["Device", "InstanceId", "VolumeId"]]),
    write("DetachVolume", volumes::detach, &[&["Device", "Force", "InstanceId", "VolumeId"]]),
    write("DeleteVolume", volumes::delete, &[&["VolumeId"]]),
    write("ModifyVolume", volume_changes::modify, &[&["Iops", "Size", "Throughput", "VolumeId", "VolumeType"]]),
    read("DescribeVolumesModifications", volume_changes::describe, &[&["VolumeId.#"], FILTERS, PAGES]),
    write("ImportKeyPair", key_pairs::import, &[&["KeyName", "PublicKeyMaterial"], TAGS]).makes(Kind::SshKey),
    write("CreateKeyPair", key_pairs::create, &[&["KeyName", "KeyType", "KeyFormat"], TAGS]).makes(Kind::SshKey),
    read("DescribeKeyPairs", key_pairs::describe, &[
        &["KeyName.#", "KeyPairId.#", "IncludePublicKey"], FILTERS,
    ]),
    write("DeleteKeyPair", key_pairs::delete, &[&["KeyName", "KeyPairId"]]),
    write("CreateSecurityGroup", groups::create, &[&["GroupDescription", "GroupName", "VpcId"], TAGS]).makes(Kind::Firewall),
    read("DescribeSecurityGroups", groups::describe, &[&["GroupId.#", "GroupName.#"], FILTERS, PAGES]),
    write("DeleteSecurityGroup", groups::delete, &[GROUP]),
    write("AuthorizeSecurityGroupIngress", group_rules::authorize_ingress, &[GROUP, RULES, TAGS]),
    write("AuthorizeSecurityGroupEgress", group_rules::authorize_egress, &[&["GroupId"], RULES, TAGS]),
    write("RevokeSecurityGroupIngress", group_rules::revoke_ingress, &[
        GROUP, RULES, &["SecurityGroupRuleId.#"],
    ]),
    write("RevokeSecurityGroupEgress", group_rules::revoke_egress, &[
        &["GroupId"], RULES, &["SecurityGroupRuleId.#"],
    ]),
    read("DescribeSecurityGroupRules", group_rules::describe, &[&["SecurityGroupRuleId.#"], FILTERS, PAGES]),
    write("AllocateAddress", addresses::allocate, &[&["Domain", "NetworkBorderGroup", "PublicIpv4Pool"], TAGS]).makes(Kind::Address),
    write("AssociateAddress", addresses::associate, &[
        &["AllocationId", "AllowReassociation", "InstanceId", "NetworkInterfaceId", "PrivateIpAddress", "PublicIp"],
    ]),
    read("DescribeAddresses", addresses::describe, &[&["AllocationId.#", "PublicIp.#"], FILTERS]),
    write("DisassociateAddress", addresses::disassociate, &[&["AssociationId", "PublicIp"]]),
    write("ReleaseAddress", addresses::release, &[&["AllocationId", "NetworkBorderGroup", "PublicIp"]]),
    read("DescribeSpotPriceHistory", spot::prices, &[
        &["AvailabilityZone", "EndTime", "InstanceType.#", "ProductDescription.#", "StartTime"], FILTERS, PAGES,
    ]),
    read("DescribeSpotInstanceRequests", spot::describe, &[&["SpotInstanceRequestId.#"], FILTERS, PAGES]),
    write("CancelSpotInstanceRequests", spot::cancel, &[&["SpotInstanceRequestId.#"]]),
    write("CreateTags", tags::create, &[&["ResourceId.#", "Tag.#.Key", "Tag.#.Value"]]),
    write("DeleteTags", tags::delete, &[&["ResourceId.#", "Tag.#.Key", "Tag.#.Value"]]),
    read("DescribeTags", tags::describe, &[FILTERS, PAGES]),
    read("DescribeVpcs", network::describe_vpcs, &[&["VpcId.#"], FILTERS, PAGES]),
    read("DescribeSubnets", network::describe_subnets, &[&["SubnetId.#"], FILTERS, PAGES]),
    read("DescribeNetworkInterfaces", network::describe_interfaces, &[
        &["NetworkInterfaceId.#"], FILTERS, PAGES,
    ]),
    read("DescribeInternetGateways", network::describe_gateways, &[
        &["InternetGatewayId.#"], FILTERS, PAGES,
    ]),
    read("DescribeRouteTables", network::describe_route_tables, &[&["RouteTableId.#"], FILTERS, PAGES]),
]);
