//! The body of an insert.

use cloud_types::{DataDisk, HostSpec, OnDelete, Pricing, ownership};

use super::{Plan, Wish};
use crate::convert;
use crate::host::Inner;
use crate::image::Source;
use crate::labels;
use crate::wire::{
    Accelerator, AccessConfig, Address, CreateInstance, InitializeParams, NewDisk, NewNetworkInterface, Scheduling,
    Tags,
};

impl Inner {
    pub(super) fn body<'a>(&'a self, wish: &'a Wish<'_>, zone: &str) -> CreateInstance<'a> {
        let Wish { spec, plan, labels, rules, address } = wish;
        let mut disks = vec![self.boot_disk(spec, plan, zone)];
        disks.extend(spec.data_disk.as_ref().map(|disk| self.data_disk(spec, plan, disk, zone)));
        let accelerators = plan.accelerator.iter().map(|(gpu, count)| Accelerator {
            accelerator_type: format!("zones/{zone}/acceleratorTypes/{gpu}"),
            accelerator_count: *count,
        });
        CreateInstance {
            name: spec.name.as_str(),
            machine_type: format!("zones/{zone}/machineTypes/{}", plan.machine),
            labels,
            disks,
            network_interfaces: vec![self.interface(spec, address.as_ref())],
            tags: rules.as_ref().map(|rules| Tags { items: vec![rules.tag.clone()] }),
            metadata: plan.boot.system.metadata(spec),
            guest_accelerators: accelerators.collect(),
            scheduling: scheduling(spec, plan),
        }
    }

    fn boot_disk<'a>(&self, spec: &HostSpec, plan: &'a Plan, zone: &str) -> NewDisk<'a> {
        let (source_image, source_snapshot) = match &plan.boot.source {
            Source::Image(path) => (Some(path.as_str()), None),
            Source::Snapshot(path) => (None, Some(path.as_str())),
        };
        let mut own = ownership::resource_labels(&self.owner, spec.name.as_str());
        own.insert(labels::USE.to_owned(), labels::BOOT_DISK.to_owned());
        NewDisk {
            boot: true,
            auto_delete: true,
            device_name: None,
            source: None,
            initialize_params: Some(InitializeParams {
                // No name: a disk that has the host's name already would be booted as it is.
                disk_name: None,
                source_image,
                source_snapshot,
                disk_size_gb: Some(plan.boot_disk.0.to_string()),
                disk_type: disk_type(zone, convert::disk_type(spec.boot_disk.class, &plan.machine)),
                labels: own,
            }),
        }
    }

    /// The disk that an earlier host left, or one that is made with the host, under a name that finds it again.
    fn data_disk<'a>(&self, spec: &HostSpec, plan: &'a Plan, disk: &DataDisk, zone: &str) -> NewDisk<'a> {
        let auto_delete = disk.on_delete == OnDelete::Delete;
        if let Some(left) = &plan.disk {
            let source = Some(convert::path_of(&left.self_link).to_owned());
            let device_name = Some(left.name.as_str());
            return NewDisk { boot: false, auto_delete, device_name, source, initialize_params: None };
        }
        NewDisk {
            boot: false,
            auto_delete,
            device_name: Some(&plan.disk_name),
            source: None,
            initialize_params: Some(InitializeParams {
                disk_name: Some(&plan.disk_name),
                source_image: None,
                source_snapshot: None,
                disk_size_gb: Some(disk.size.0.to_string()),
                disk_type: disk_type(zone, convert::disk_type(disk.class, &plan.machine)),
                labels: labels::of_data_disk(&self.owner, spec.name.as_str(), disk),
            }),
        }
    }

    /// Without an access configuration a host has no public address, and no way out unless the network has one.
    fn interface<'a>(&'a self, spec: &HostSpec, reserved: Option<&'a Address>) -> NewNetworkInterface<'a> {
        let subnetwork = self.network.subnetwork.as_deref();
        let nat = AccessConfig {
            name: "External NAT",
            r#type: "ONE_TO_ONE_NAT",
            nat_ip: reserved.map(|reserved| reserved.address.as_str()),
            network_tier: reserved.and_then(|reserved| reserved.network_tier.as_deref()),
        };
        NewNetworkInterface {
            network: subnetwork.is_none().then_some(self.network.network.as_str()),
            subnetwork,
            access_configs: spec.public_network.ipv4.then_some(nat).into_iter().collect(),
        }
    }
}

/// Spot hosts are stopped when they are taken away, so that their disks stay; neither they nor hosts with GPUs can be moved
/// (<https://cloud.google.com/compute/docs/instances/spot>, <https://cloud.google.com/compute/docs/gpus/gpu-host-maintenance>).
fn scheduling(spec: &HostSpec, plan: &Plan) -> Option<Scheduling> {
    match (spec.pricing, plan.has_gpu) {
        (Pricing::Spot, _) => Some(Scheduling {
            provisioning_model: Some("SPOT"),
            instance_termination_action: Some("STOP"),
            on_host_maintenance: Some("TERMINATE"),
            automatic_restart: Some(false),
        }),
        (_, true) => Some(Scheduling {
            provisioning_model: None,
            instance_termination_action: None,
            on_host_maintenance: Some("TERMINATE"),
            automatic_restart: None,
        }),
        (_, false) => None,
    }
}

fn disk_type(zone: &str, name: &str) -> String {
    format!("zones/{zone}/diskTypes/{name}")
}
