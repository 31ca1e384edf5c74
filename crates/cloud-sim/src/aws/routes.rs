//! Which action does what, which parameters it knows, and whether it may change something.

use cloud_world::Kind;

use super::api::{Answer, Api};
use super::{
    addresses, attributes, errors, group_rules, groups, images, instance_types, instances, key_pairs, launch, network,
    places, power, snapshots, spot, status, tags, volume_changes, volumes,
};

/// One action of the Query protocol.
pub(super) struct Action {
    pub(super) name: &'static str,
    does: fn(&mut Api<'_>) -> Answer,
    parameters: &'static [&'static [&'static str]],
}

impl Action {
    /// The action of that name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        ACTIONS.iter().find(|action| action.name == name)
    }

    /// Whether it may change something.
    pub(super) fn writes(&self) -> bool {
        !["Describe", "Get", "List"].iter().any(|verb| self.name.starts_with(verb))
    }

    /// What it makes, where a quota can be full.
    pub(super) fn target(&self) -> Option<Kind> {
        Some(match self.name {
            "RunInstances" => Kind::Host,
            "CreateVolume" => Kind::Volume,
            "AllocateAddress" => Kind::Address,
            "CreateSnapshot" | "CreateImage" => Kind::Image,
            "CreateSecurityGroup" => Kind::Firewall,
            "ImportKeyPair" | "CreateKeyPair" => Kind::SshKey,
            _ => return None,
        })
    }

    /// Whether it needs capacity somewhere.
    pub(super) fn places(&self) -> bool {
        ["RunInstances", "StartInstances", "CreateVolume"].contains(&self.name)
    }

    /// Does it, once its parameters are known; a dry run ends here.
    pub(super) fn answer(&self, api: &mut Api<'_>) -> Answer {
        api.params.only(self.parameters)?;
        if api.params.flag("DryRun")?.unwrap_or(false) {
            return Err(errors::dry_run());
        }
        (self.does)(api)
    }
}

const fn action(
    name: &'static str,
    does: fn(&mut Api<'_>) -> Answer,
    parameters: &'static [&'static [&'static str]],
) -> Action {
    Action { name, does, parameters }
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
const ACTIONS: &[Action] = &[
    action("RunInstances", launch::run, &[RUN, TAGS]),
    action("DescribeInstances", instances::describe, &[INSTANCES, FILTERS, PAGES]),
    action("StartInstances", power::start, &[INSTANCES]),
    action("StopInstances", power::stop, &[INSTANCES, &["Force", "Hibernate", "SkipOsShutdown"]]),
    action("RebootInstances", power::reboot, &[INSTANCES]),
    action("TerminateInstances", power::terminate, &[INSTANCES, &["Force", "SkipOsShutdown"]]),
    action("DescribeInstanceStatus", status::describe, &[INSTANCES, &["IncludeAllInstances"], FILTERS, PAGES]),
    action("GetConsoleOutput", status::console, &[&["InstanceId", "Latest"]]),
    action("ModifyInstanceAttribute", attributes::modify, &[&[
        "Attribute", "BlockDeviceMapping.#.DeviceName", "BlockDeviceMapping.#.Ebs.DeleteOnTermination",
        "DisableApiStop.Value", "DisableApiTermination.Value", "EbsOptimized.Value", "EnaSupport.Value", "GroupId.#",
        "InstanceId", "InstanceInitiatedShutdownBehavior.Value", "InstanceType.Value", "SourceDestCheck.Value",
        "UserData.Value", "Value",
    ]]),
    action("DescribeInstanceAttribute", attributes::describe, &[&["Attribute", "InstanceId"]]),
    action("DescribeInstanceTypes", instance_types::describe, &[&["InstanceType.#"], FILTERS, PAGES]),
    action("DescribeInstanceTypeOfferings", instance_types::offerings, &[&["LocationType"], FILTERS, PAGES]),
    action("DescribeRegions", places::describe_regions, &[&["RegionName.#", "AllRegions"], FILTERS]),
    action("DescribeAvailabilityZones", places::describe_zones, &[
        &["ZoneName.#", "AllAvailabilityZones"], FILTERS,
    ]),
    action("DescribeImages", images::describe, &[
        &["ImageId.#", "Owner.#", "ExecutableBy.#", "IncludeDeprecated", "IncludeDisabled"], FILTERS, PAGES,
    ]),
    action("CreateImage", images::create, &[
        &["InstanceId", "Name", "Description", "NoReboot", "BlockDeviceMapping.#.DeviceName",
          "BlockDeviceMapping.#.NoDevice"],
        TAGS,
    ]),
    action("DeregisterImage", images::deregister, &[&["ImageId", "DeleteAssociatedSnapshots"]]),
    action("CreateSnapshot", snapshots::create, &[&["VolumeId", "Description"], TAGS]),
    action("DescribeSnapshots", snapshots::describe, &[
        &["SnapshotId.#", "Owner.#", "RestorableBy.#"], FILTERS, PAGES,
    ]),
    action("DeleteSnapshot", snapshots::delete, &[&["SnapshotId"]]),
    action("CreateVolume", volumes::create, &[
        &["AvailabilityZone", "ClientToken", "Encrypted", "Iops", "KmsKeyId", "Size", "SnapshotId", "Throughput",
          "VolumeType"],
        TAGS,
    ]),
    action("DescribeVolumes", volumes::describe, &[&["VolumeId.#"], FILTERS, PAGES]),
    action("AttachVolume", volumes::attach, &[&["Device", "InstanceId", "VolumeId"]]),
    action("DetachVolume", volumes::detach, &[&["Device", "Force", "InstanceId", "VolumeId"]]),
    action("DeleteVolume", volumes::delete, &[&["VolumeId"]]),
    action("ModifyVolume", volume_changes::modify, &[&["Iops", "Size", "Throughput", "VolumeId", "VolumeType"]]),
    action("DescribeVolumesModifications", volume_changes::describe, &[&["VolumeId.#"], FILTERS, PAGES]),
    action("ImportKeyPair", key_pairs::import, &[&["KeyName", "PublicKeyMaterial"], TAGS]),
    action("CreateKeyPair", key_pairs::create, &[&["KeyName", "KeyType", "KeyFormat"], TAGS]),
    action("DescribeKeyPairs", key_pairs::describe, &[
        &["KeyName.#", "KeyPairId.#", "IncludePublicKey"], FILTERS,
    ]),
    action("DeleteKeyPair", key_pairs::delete, &[&["KeyName", "KeyPairId"]]),
    action("CreateSecurityGroup", groups::create, &[&["GroupDescription", "GroupName", "VpcId"], TAGS]),
    action("DescribeSecurityGroups", groups::describe, &[&["GroupId.#", "GroupName.#"], FILTERS, PAGES]),
    action("DeleteSecurityGroup", groups::delete, &[GROUP]),
    action("AuthorizeSecurityGroupIngress", group_rules::authorize_ingress, &[GROUP, RULES, TAGS]),
    action("AuthorizeSecurityGroupEgress", group_rules::authorize_egress, &[&["GroupId"], RULES, TAGS]),
    action("RevokeSecurityGroupIngress", group_rules::revoke_ingress, &[
        GROUP, RULES, &["SecurityGroupRuleId.#"],
    ]),
    action("RevokeSecurityGroupEgress", group_rules::revoke_egress, &[
        &["GroupId"], RULES, &["SecurityGroupRuleId.#"],
    ]),
    action("DescribeSecurityGroupRules", group_rules::describe, &[&["SecurityGroupRuleId.#"], FILTERS, PAGES]),
    action("AllocateAddress", addresses::allocate, &[&["Domain", "NetworkBorderGroup", "PublicIpv4Pool"], TAGS]),
    action("AssociateAddress", addresses::associate, &[
        &["AllocationId", "AllowReassociation", "InstanceId", "NetworkInterfaceId", "PrivateIpAddress", "PublicIp"],
    ]),
    action("DescribeAddresses", addresses::describe, &[&["AllocationId.#", "PublicIp.#"], FILTERS]),
    action("DisassociateAddress", addresses::disassociate, &[&["AssociationId", "PublicIp"]]),
    action("ReleaseAddress", addresses::release, &[&["AllocationId", "NetworkBorderGroup", "PublicIp"]]),
    action("DescribeSpotPriceHistory", spot::prices, &[
        &["AvailabilityZone", "EndTime", "InstanceType.#", "ProductDescription.#", "StartTime"], FILTERS, PAGES,
    ]),
    action("DescribeSpotInstanceRequests", spot::describe, &[&["SpotInstanceRequestId.#"], FILTERS, PAGES]),
    action("CancelSpotInstanceRequests", spot::cancel, &[&["SpotInstanceRequestId.#"]]),
    action("CreateTags", tags::create, &[&["ResourceId.#", "Tag.#.Key", "Tag.#.Value"]]),
    action("DeleteTags", tags::delete, &[&["ResourceId.#", "Tag.#.Key", "Tag.#.Value"]]),
    action("DescribeTags", tags::describe, &[FILTERS, PAGES]),
    action("DescribeVpcs", network::describe_vpcs, &[&["VpcId.#"], FILTERS, PAGES]),
    action("DescribeSubnets", network::describe_subnets, &[&["SubnetId.#"], FILTERS, PAGES]),
    action("DescribeNetworkInterfaces", network::describe_interfaces, &[
        &["NetworkInterfaceId.#"], FILTERS, PAGES,
    ]),
    action("DescribeInternetGateways", network::describe_gateways, &[
        &["InternetGatewayId.#"], FILTERS, PAGES,
    ]),
    action("DescribeRouteTables", network::describe_route_tables, &[&["RouteTableId.#"], FILTERS, PAGES]),
];
