//! The bodies of requests (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html> and others).

use std::collections::BTreeMap;

use aws_sdk_ec2::operation::authorize_security_group_ingress::{
    AuthorizeSecurityGroupIngressInput, builders::AuthorizeSecurityGroupIngressInputBuilder,
};
use aws_sdk_ec2::operation::create_image::{CreateImageInput, builders::CreateImageInputBuilder};
use aws_sdk_ec2::operation::create_security_group::{
    CreateSecurityGroupInput, builders::CreateSecurityGroupInputBuilder,
};
use aws_sdk_ec2::operation::create_tags::{CreateTagsInput, builders::CreateTagsInputBuilder};
use aws_sdk_ec2::operation::create_volume::{CreateVolumeInput, builders::CreateVolumeInputBuilder};
use aws_sdk_ec2::operation::import_key_pair::{ImportKeyPairInput, builders::ImportKeyPairInputBuilder};
use aws_sdk_ec2::operation::run_instances::{RunInstancesInput, builders::RunInstancesInputBuilder};
use aws_sdk_ec2::primitives::Blob;
use aws_sdk_ec2::types::{
    BlockDeviceMapping, EbsBlockDevice, HttpTokensState, InstanceInterruptionBehavior, InstanceMarketOptionsRequest,
    InstanceMetadataOptionsRequest, InstanceNetworkInterfaceSpecification, InstanceType, IpPermission, IpRange,
    Ipv6Range, MarketType, ResourceType, SpotInstanceType, SpotMarketOptions, Tag, TagSpecification, VolumeType,
};
use cloud_driver::Request;
use cloud_types::{DataDisk, GiB, InboundPort, OnDelete, Owner, Pricing, Result, SshPublicKey, ownership};

use super::{Labels, Seen};
use crate::disk::{DiskKind, DiskUse, free_device};
use crate::plan::{Plan, Ready, Subnet};
use crate::{first_boot, labels};

/// The launch of a host in a zone, with the group and the key pair that it needs.
pub(crate) fn run_instance(
    owner: &Owner,
    request: &Request<'_, Plan>,
    subnet: &Subnet,
    ready: Ready,
    token: &str,
) -> Result<RunInstancesInputBuilder> {
    let Request { spec, plan, labels } = request;
    let boot_kind = DiskKind::of(spec.boot_disk.class, DiskUse::Boot, plan.boot_disk);
    let mut disks = vec![new_disk(&plan.boot.root_device, &boot_kind, plan.boot_disk, OnDelete::Delete)];
    // An image may say of its further disks that they stay when the host goes.
    disks.extend(plan.boot.further_devices.iter().map(|device| goes_with_host(device)));
    if let Some(DataDisk { size, class, on_delete, .. }) = plan.new_disk(spec) {
        let device = free_device(&plan.boot.further_devices).ok_or_else(|| {
            let rule = "has so many disks that there is no device left for a data disk";
            cloud_types::Error::invalid("image", rule)
        })?;
        disks.push(new_disk(&device, &DiskKind::of(class, DiskUse::Data, size), size, on_delete));
    }
    let interface = InstanceNetworkInterfaceSpecification::builder()
        .device_index(0)
        .subnet_id(subnet.id.as_str())
        .set_groups(ready.group.map(|group| vec![group]))
        .associate_public_ip_address(spec.public_network.ipv4)
        .set_ipv6_address_count(spec.public_network.ipv6.then_some(1))
        .delete_on_termination(true)
        .build();
    let own = ownership::resource_labels(owner, spec.name.as_str());
    let mut tagged = vec![
        tagged(ResourceType::Instance, labels),
        tagged(ResourceType::Volume, &labels::of_disks(owner, spec)),
        tagged(ResourceType::NetworkInterface, &own),
    ];
    if spec.pricing == Pricing::Spot {
        tagged.push(self::tagged(ResourceType::SpotInstancesRequest, &own));
    }
    Ok(RunInstancesInput::builder()
        .min_count(1)
        .max_count(1)
        .image_id(plan.boot.image.as_str())
        .instance_type(InstanceType::from(plan.machine.as_str()))
        .client_token(token)
        .network_interfaces(interface)
        .set_block_device_mappings(Some(disks))
        .set_tag_specifications(Some(tagged))
        .set_key_name(ready.key)
        .set_user_data(first_boot::user_data(spec)?)
        .set_instance_market_options((spec.pricing == Pricing::Spot).then(spot))
        .metadata_options(metadata()))
}

fn new_disk(device: &str, kind: &DiskKind, size: GiB, on_delete: OnDelete) -> BlockDeviceMapping {
    let ebs = EbsBlockDevice::builder()
        .set_volume_size(number(size.0))
        .volume_type(VolumeType::from(kind.name.as_str()))
        .set_iops(kind.iops.and_then(number))
        .set_throughput(kind.throughput.and_then(number))
        .delete_on_termination(on_delete == OnDelete::Delete)
        .build();
    BlockDeviceMapping::builder().device_name(device).ebs(ebs).build()
}

/// A disk as the image has it, but that it goes with the host.
fn goes_with_host(device: &str) -> BlockDeviceMapping {
    let ebs = EbsBlockDevice::builder().delete_on_termination(true).build();
    BlockDeviceMapping::builder().device_name(device).ebs(ebs).build()
}

/// A spot host that is taken back is gone
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/interruption-behavior.html>).
fn spot() -> InstanceMarketOptionsRequest {
    let spot = SpotMarketOptions::builder()
        .spot_instance_type(SpotInstanceType::OneTime)
        .instance_interruption_behavior(InstanceInterruptionBehavior::Terminate)
        .build();
    InstanceMarketOptionsRequest::builder().market_type(MarketType::Spot).spot_options(spot).build()
}

/// The second version of the metadata service alone; two hops, so that containers reach it
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-new-instances.html>).
fn metadata() -> InstanceMetadataOptionsRequest {
    InstanceMetadataOptionsRequest::builder()
        .http_tokens(HttpTokensState::Required)
        .http_put_response_hop_limit(2)
        .build()
}

/// What a host lets in.
#[derive(Debug)]
pub(crate) struct RuleSet {
    /// The name of the group.
    pub(crate) name: String,
    pub(crate) network: String,
    rules: Vec<IpPermission>,
}

/// The rules that let these ports in, in one order whatever theirs is.
pub(crate) fn rule_set(owner: &Owner, network: &str, ports: &[InboundPort]) -> RuleSet {
    // One permission lets a range of ports in from several networks.
    let mut by_ports: BTreeMap<(String, u16, u16), Vec<String>> = BTreeMap::new();
    for port in ports {
        let sources = by_ports.entry((port.protocol().to_string(), port.first(), port.last())).or_default();
        match port.sources() {
            [] => sources.extend(ANYWHERE.map(str::to_owned)),
            some => sources.extend(some.iter().map(ToString::to_string)),
        }
        sources.sort_unstable();
        sources.dedup();
    }
    let name = labels::group_name(owner, network, &format!("{by_ports:?}"));
    let rules = by_ports.into_iter().map(|((protocol, first, last), sources)| {
        let (v6, v4): (Vec<_>, Vec<_>) = sources.into_iter().partition(|source| source.contains(':'));
        IpPermission::builder()
            .ip_protocol(protocol)
            .from_port(first.into())
            .to_port(last.into())
            .set_ip_ranges(Some(v4.into_iter().map(|net| IpRange::builder().cidr_ip(net).build()).collect()))
            .set_ipv6_ranges(Some(v6.into_iter().map(|net| Ipv6Range::builder().cidr_ipv6(net).build()).collect()))
            .build()
    });
    RuleSet { name, network: network.to_owned(), rules: rules.collect() }
}

pub(crate) fn create_group(set: &RuleSet, labels: &Labels) -> CreateSecurityGroupInputBuilder {
    CreateSecurityGroupInput::builder()
        .vpc_id(set.network.as_str())
        .group_name(set.name.as_str())
        .description("Inbound ports of hosts")
        .tag_specifications(tagged(ResourceType::SecurityGroup, labels))
}

/// Lets something into a group: all rules by one call, so that a group has all of them or none. None where there is none.
pub(crate) fn allow(set: &RuleSet, group: &str) -> Option<AuthorizeSecurityGroupIngressInputBuilder> {
    let allow =
        AuthorizeSecurityGroupIngressInput::builder().group_id(group).set_ip_permissions(Some(set.rules.clone()));
    (!set.rules.is_empty()).then_some(allow)
}

pub(crate) fn create_key(name: &str, key: &SshPublicKey, labels: &Labels) -> ImportKeyPairInputBuilder {
    ImportKeyPairInput::builder()
        .key_name(name)
        .public_key_material(Blob::new(key.to_openssh()))
        .tag_specifications(tagged(ResourceType::KeyPair, labels))
}

/// By its token AWS knows a repeat of the same request again.
pub(crate) fn create_volume(
    zone: &str,
    size: GiB,
    kind: &DiskKind,
    labels: &Labels,
    token: &str,
) -> CreateVolumeInputBuilder {
    CreateVolumeInput::builder()
        .availability_zone(zone)
        .set_size(number(size.0))
        .volume_type(VolumeType::from(kind.name.as_str()))
        .set_iops(kind.iops.and_then(number))
        .set_throughput(kind.throughput.and_then(number))
        .client_token(token)
        .tag_specifications(tagged(ResourceType::Volume, labels))
}

/// The image of a host's boot disk, made without stopping the host.
pub(crate) fn create_image(host: &Seen, name: &str, labels: &Labels) -> CreateImageInputBuilder {
    let others = host.devices.iter().filter(|device| Some(*device) != host.root_device.as_ref());
    let left_out = others.map(|device| BlockDeviceMapping::builder().device_name(device).no_device("").build());
    let left_out: Vec<_> = left_out.collect();
    CreateImageInput::builder()
        .instance_id(host.place.id.as_str())
        .name(name)
        .no_reboot(true)
        .set_block_device_mappings((!left_out.is_empty()).then_some(left_out))
        .tag_specifications(tagged(ResourceType::Image, labels))
        .tag_specifications(tagged(ResourceType::Snapshot, labels))
}

/// Tags for something, over what it bears of the same keys.
pub(crate) fn create_tags(id: &str, labels: &Labels) -> CreateTagsInputBuilder {
    CreateTagsInput::builder().resources(id).set_tags(Some(tags(labels)))
}

fn tagged(kind: ResourceType, labels: &Labels) -> TagSpecification {
    TagSpecification::builder().resource_type(kind).set_tags(Some(tags(labels))).build()
}

/// Tags from a map, and the name that AWS' console shows.
fn tags(labels: &Labels) -> Vec<Tag> {
    let shown = labels.get(ownership::NAME).map(|name| (labels::NAME, name.as_str()));
    let own = labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    own.chain(shown).map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

fn number(number: u32) -> Option<i32> {
    i32::try_from(number).ok()
}

const ANYWHERE: [&str; 2] = ["0.0.0.0/0", "::/0"];

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ports: &[&str]) -> RuleSet {
        let ports: Vec<InboundPort> = ports.iter().map(|port| port.parse().unwrap()).collect();
        rule_set(&Owner::default(), "vpc-1", &ports)
    }

    #[test]
    fn the_order_of_ports_does_not_matter_and_what_they_are_does() {
        assert_eq!(set(&["22", "80", "53/udp"]).name, set(&["53/udp", "80", "22"]).name);
        assert_ne!(set(&["22"]).name, set(&["22/udp"]).name);
        assert!(set(&[]).rules.is_empty() && allow(&set(&[]), "sg-01").is_none());
    }

    #[test]
    fn a_port_from_anywhere_is_open_to_both_kinds_of_address() {
        let rules = set(&["8000-8010"]).rules;
        assert_eq!((rules[0].from_port(), rules[0].to_port()), (Some(8000), Some(8010)));
        assert_eq!((rules[0].ip_ranges().len(), rules[0].ipv6_ranges().len()), (1, 1));
    }

    #[test]
    fn a_port_twice_from_two_networks_is_one_rule() {
        let from = |net: &str| "443".parse::<InboundPort>().unwrap().from_source(net.parse().unwrap());
        let rules = rule_set(&Owner::default(), "vpc-1", &[from("192.0.2.0/24"), from("2001:db8::/32")]).rules;
        assert_eq!(rules.len(), 1);
        assert_eq!(rules[0].ip_ranges()[0].cidr_ip(), Some("192.0.2.0/24"));
        assert_eq!(rules[0].ipv6_ranges()[0].cidr_ipv6(), Some("2001:db8::/32"));
    }
}
