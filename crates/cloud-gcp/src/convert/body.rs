//! The bodies of requests.

use std::borrow::Cow;

use cloud_driver::{Request, labels as driver_labels};
use cloud_types::{DataDisk, GiB, HostSpec, MachineTypeName, OnDelete, Owner, Pricing, SshPublicKey, VolumeSpec};

use super::disk_type;
use crate::labels;
use crate::network::Network;
use crate::plan::{Plan, Source, System};
use crate::seen::{Address, Labels};
use crate::wire::{
    Accelerator, AccessConfig, AttachDisk, CreateAddress, CreateDisk, CreateInstance, CreateSnapshot, InitializeParams,
    Metadata, MetadataItem, NewDisk, NewNetworkInterface, ResizeDisk, Scheduling, SetLabels, SetMachineType, Tags,
};

pub(crate) fn create_instance<'a>(
    request: &'a Request<'_, Plan>,
    zone: &str,
    owner: &Owner,
    network: &'a Network,
    address: Option<&'a Address>,
) -> CreateInstance<'a> {
    let Request { spec, plan, labels } = request;
    let mut disks = vec![boot_disk(spec, plan, zone, owner)];
    disks.extend(spec.data_disk.as_ref().map(|disk| data_disk(spec, plan, disk, zone, owner)));
    let accelerators = plan.accelerator.iter().map(|(gpu, count)| Accelerator {
        accelerator_type: format!("zones/{zone}/acceleratorTypes/{gpu}"),
        accelerator_count: *count,
    });
    CreateInstance {
        name: spec.name.as_str(),
        machine_type: machine_type(zone, &plan.machine),
        labels,
        disks,
        network_interfaces: vec![interface(spec, network, address)],
        tags: labels.get(labels::FIREWALL).map(|tag| Tags { items: vec![tag.clone()] }),
        metadata: metadata(plan.boot.system, spec),
        guest_accelerators: accelerators.collect(),
        scheduling: scheduling(spec, plan),
    }
}

fn boot_disk<'a>(spec: &HostSpec, plan: &'a Plan, zone: &str, owner: &Owner) -> NewDisk<'a> {
    let (source_image, source_snapshot) = match &plan.boot.source {
        Source::Image(path) => (Some(path.as_str()), None),
        Source::Snapshot(path) => (None, Some(path.as_str())),
    };
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
            disk_type: disk_type_in(zone, disk_type(spec.boot_disk.class, &plan.machine)),
            labels: labels::of_boot_disk(owner, spec.name.as_str()),
        }),
    }
}

/// The disk that an earlier host left, or one that is made with the host, under a name that finds it again.
fn data_disk<'a>(spec: &HostSpec, plan: &'a Plan, disk: &DataDisk, zone: &str, owner: &Owner) -> NewDisk<'a> {
    let name = labels::data_disk_name(owner, spec.name.as_str());
    let new = InitializeParams {
        disk_name: Some(name.clone()),
        source_image: None,
        source_snapshot: None,
        disk_size_gb: Some(disk.size.0.to_string()),
        disk_type: disk_type_in(zone, disk_type(disk.class, &plan.machine)),
        labels: driver_labels::of_data_disk(owner, spec.name.as_str(), disk),
    };
    NewDisk {
        boot: false,
        auto_delete: disk.on_delete == OnDelete::Delete,
        device_name: Some(name),
        source: plan.disk.as_ref().map(|left| left.path.as_str()),
        initialize_params: plan.disk.is_none().then_some(new),
    }
}

/// Without an access configuration a host has no public address, and no way out unless the network has one.
fn interface<'a>(spec: &HostSpec, network: &'a Network, reserved: Option<&'a Address>) -> NewNetworkInterface<'a> {
    let subnetwork = network.subnetwork.as_deref();
    let nat = AccessConfig {
        name: "External NAT",
        r#type: "ONE_TO_ONE_NAT",
        nat_ip: reserved.map(|reserved| reserved.ip.as_str()),
        network_tier: reserved.and_then(|reserved| reserved.tier.as_deref()),
    };
    NewNetworkInterface {
        network: subnetwork.is_none().then_some(network.network.as_str()),
        subnetwork,
        access_configs: spec.public_network.ipv4.then_some(nat).into_iter().collect(),
    }
}

/// Keys and user data as metadata; none where there is nothing.
fn metadata(system: System, spec: &HostSpec) -> Option<Metadata<'_>> {
    let mut items = Vec::new();
    if !spec.ssh_keys.is_empty() {
        let line = |key: &SshPublicKey| format!("{}:{}", system.ssh_user(), key.to_openssh());
        let lines: Vec<String> = spec.ssh_keys.iter().map(line).collect();
        items.push(MetadataItem { key: "ssh-keys", value: lines.join("\n").into() });
        // Keys in metadata do nothing where OS Login is on.
        items.push(MetadataItem { key: "enable-oslogin", value: "FALSE".into() });
    }
    if let Some(data) = &spec.user_data {
        items.push(match system {
            System::Debian => MetadataItem { key: "startup-script", value: once(data.expose()).into() },
            _ => MetadataItem { key: "user-data", value: Cow::Borrowed(data.expose()) },
        });
    }
    (!items.is_empty()).then_some(Metadata { items })
}

/// A startup script that runs the given one at the first boot only: Google runs it at every boot.
fn once(script: &str) -> String {
    let end = format!("END-{}", labels::digest(&[script]));
    format!(
        "#!/bin/sh\nset -e\ndone=/var/lib/cloud-first-boot\n[ -e \"$done\" ] && exit 0\ncat >\"$done.tmp\" <<'{end}'\n\
         {script}\n{end}\nchmod 700 \"$done.tmp\"\nmv \"$done.tmp\" \"$done\"\nexec \"$done\"\n"
    )
}

/// How much longer [`once`] makes a script.
pub(crate) const WRAPPING: usize = 1024;

/// Spot hosts are stopped when they are taken away, so that their disks stay; neither they nor hosts with GPUs can be moved
/// (<https://cloud.google.com/compute/docs/instances/spot>, <https://cloud.google.com/compute/docs/gpus/gpu-host-maintenance>).
fn scheduling(spec: &HostSpec, plan: &Plan) -> Option<Scheduling> {
    let is_spot = spec.pricing == Pricing::Spot;
    (is_spot || plan.has_gpu).then_some(Scheduling {
        provisioning_model: is_spot.then_some("SPOT"),
        instance_termination_action: is_spot.then_some("STOP"),
        on_host_maintenance: Some("TERMINATE"),
        automatic_restart: is_spot.then_some(false),
    })
}

fn machine_type(zone: &str, name: &str) -> String {
    format!("zones/{zone}/machineTypes/{name}")
}

fn disk_type_in(zone: &str, name: &str) -> String {
    format!("zones/{zone}/diskTypes/{name}")
}

pub(crate) fn set_machine_type(zone: &str, to: &MachineTypeName) -> SetMachineType {
    SetMachineType { machine_type: machine_type(zone, to.as_str()) }
}

pub(crate) fn create_disk<'a>(name: &'a str, spec: &VolumeSpec, path: String, labels: &'a Labels) -> CreateDisk<'a> {
    CreateDisk { name, size_gb: spec.size.0.to_string(), r#type: path, labels }
}

pub(crate) fn attach_disk(source: String, name: &str) -> AttachDisk<'_> {
    AttachDisk { source, device_name: name, auto_delete: false }
}

pub(crate) fn resize_disk(size: GiB) -> ResizeDisk {
    ResizeDisk { size_gb: size.0.to_string() }
}

pub(crate) fn set_labels<'a>(labels: &'a Labels, fingerprint: &'a str) -> SetLabels<'a> {
    SetLabels { labels, label_fingerprint: fingerprint }
}

pub(crate) fn create_snapshot<'a>(name: &'a str, disk: &'a str, labels: &'a Labels) -> CreateSnapshot<'a> {
    CreateSnapshot { name, source_disk: disk, labels }
}

pub(crate) fn create_address<'a>(name: &'a str, description: &'a str) -> CreateAddress<'a> {
    CreateAddress { name, description, address_type: "EXTERNAL" }
}

#[cfg(test)]
mod tests {
    use cloud_types::{Image, Machine, Name, Region, UserData};

    use super::*;

    fn spec(image: Image, data: &str) -> HostSpec {
        let (name, region) = (Name::new("web").unwrap(), Region::new("r").unwrap());
        HostSpec::new(name, region, Machine::named("e2-small").unwrap(), image).user_data(UserData::new(data))
    }

    #[test]
    fn user_data_goes_where_the_image_reads_it() {
        let config = spec(Image::ubuntu("24.04"), "#cloud-config\n");
        let keys = |system: System, spec: &HostSpec| {
            metadata(system, spec).unwrap().items.iter().map(|item| item.key).collect::<Vec<_>>()
        };
        assert_eq!(keys(System::Ubuntu, &config), ["user-data"]);
        let script = spec(Image::debian("12"), "#!/bin/sh\ntrue");
        assert_eq!(keys(System::Debian, &script), ["startup-script"]);
        assert_eq!(System::Debian.check(&config).unwrap_err().field(), Some("user_data"));
        assert!(System::Debian.check(&script).is_ok() && System::Ubuntu.check(&config).is_ok());
    }

    #[test]
    fn a_startup_script_holds_the_script_whole_and_runs_it_once() {
        let script = "#!/bin/bash\necho \"$HOME\" 'END'\n";
        let wrapped = once(script);
        assert!(wrapped.contains(script) && wrapped.contains("exit 0"));
        assert!(wrapped.len() < script.len() + WRAPPING);
    }
}
