//! The body of a launch (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html>).

use aws_sdk_ec2::operation::run_instances::RunInstancesInput;
use aws_sdk_ec2::operation::run_instances::builders::RunInstancesInputBuilder;
use aws_sdk_ec2::types::{
    BlockDeviceMapping, EbsBlockDevice, HttpTokensState, InstanceInterruptionBehavior, InstanceMarketOptionsRequest,
    InstanceMetadataOptionsRequest, InstanceNetworkInterfaceSpecification, InstanceType, MarketType, ResourceType,
    SpotInstanceType, SpotMarketOptions, VolumeType,
};
use cloud_types::{DiskClass, Error, GiB, Pricing, Result, ownership};

use super::{Wish, plan};
use crate::disk::{DiskKind, DiskUse};
use crate::host::Inner;
use crate::network::Subnet;
use crate::{ssh_key, tags};

impl Inner {
    /// The launch of a wish in a zone, with the group and the key pair that it needs.
    pub(super) async fn body(&self, wish: &Wish<'_>, subnet: &Subnet, token: &str) -> Result<RunInstancesInputBuilder> {
        let Wish { spec, plan, labels, rules, user_data, .. } = wish;
        let group = match rules {
            Some(rules) => Some(self.ensure_group(&spec.region, rules).await?),
            None => None,
        };
        let key = match ssh_key::of_pair(&spec.ssh_keys) {
            Some(key) => Some(self.ensure_key(&spec.region, key).await?),
            None => None,
        };
        let boot = disk(&plan.boot.root_device, spec.boot_disk.class, DiskUse::Boot, plan.boot_disk, true);
        let mut disks = vec![boot];
        // An image may say of its further disks that they stay when the host goes.
        disks.extend(plan.boot.further_devices.iter().map(|device| goes_with_host(device)));
        if let Some((data, with_host)) = plan::wants_new_disk(spec, plan) {
            let device = data_device(&plan.boot.further_devices)?;
            disks.push(disk(&device, data.class, DiskUse::Data, data.size, with_host));
        }
        let interface = InstanceNetworkInterfaceSpecification::builder()
            .device_index(0)
            .subnet_id(subnet.id.as_str())
            .set_groups(group.map(|group| vec![group]))
            .associate_public_ip_address(spec.public_network.ipv4)
            .set_ipv6_address_count(spec.public_network.ipv6.then_some(1))
            .delete_on_termination(true)
            .build();
        let own = ownership::resource_labels(&self.owner, spec.name.as_str());
        let mut tagged = vec![
            tags::specification(ResourceType::Instance, labels),
            tags::specification(ResourceType::Volume, &tags::of_disks(&self.owner, spec)),
            tags::specification(ResourceType::NetworkInterface, &own),
        ];
        if spec.pricing == Pricing::Spot {
            tagged.push(tags::specification(ResourceType::SpotInstancesRequest, &own));
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
            .set_key_name(key)
            .set_user_data(user_data.clone())
            .set_instance_market_options((spec.pricing == Pricing::Spot).then(spot))
            .metadata_options(metadata()))
    }
}

fn disk(device: &str, class: DiskClass, used: DiskUse, size: GiB, with_host: bool) -> BlockDeviceMapping {
    let kind = DiskKind::of(class, used, size);
    let number = |number: Option<u32>| number.and_then(|number| i32::try_from(number).ok());
    let ebs = EbsBlockDevice::builder()
        .set_volume_size(i32::try_from(size.0).ok())
        .volume_type(VolumeType::from(kind.name.as_str()))
        .set_iops(number(kind.iops))
        .set_throughput(number(kind.throughput))
        .delete_on_termination(with_host)
        .build();
    BlockDeviceMapping::builder().device_name(device).ebs(ebs).build()
}

/// A disk as the image has it, but that it goes with the host.
fn goes_with_host(device: &str) -> BlockDeviceMapping {
    let ebs = EbsBlockDevice::builder().delete_on_termination(true).build();
    BlockDeviceMapping::builder().device_name(device).ebs(ebs).build()
}

/// A device for a data disk that none of the image's disks has
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html>).
fn data_device(taken: &[String]) -> Result<String> {
    let free = ('f'..='p').map(|letter| format!("/dev/sd{letter}")).find(|device| !taken.contains(device));
    free.ok_or_else(|| Error::invalid("image", "has so many disks that there is no device left for a data disk"))
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
