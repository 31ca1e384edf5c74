//! Google's words into ours and back: pure, and with `client` and `error` the only files that know the words of the wire.

use std::net::{Ipv4Addr, Ipv6Addr};

use cloud_driver::{labels as driver_labels, nonsense, one_line, word};
use cloud_types::{
    Addresses, DiskClass, GiB, HostRuntime, HostState, MachineTypeName, Pricing, Region, Resource, ResourceKind,
    Result, Snapshot, SnapshotId, SnapshotState, Volume, Zone, ownership,
};
use jiff::Timestamp;

use crate::place::{Place, Scope, last, path_of};
use crate::seen::{Address, Attached, Begun, Disk, Seen};
use crate::{labels, wire};

mod body;
mod price;
mod rules;
mod sold;

pub(crate) use body::{
    WRAPPING, attach_disk, create_address, create_disk, create_instance, create_snapshot, resize_disk, set_labels,
    set_machine_type,
};
pub(crate) use price::{PriceList, SNAPSHOT};
pub(crate) use rules::{RuleSet, is_rule_of};
pub(crate) use sold::{RegionSold, architecture, everywhere, image, is_deprecated, regions};

/// An instance in our words.
pub(crate) fn seen(instance: wire::Instance) -> Seen {
    let place = Place { number: Some(instance.id.clone()), ..Place::new(last(&instance.zone), instance.name.as_str()) };
    let model = instance.scheduling.as_ref().and_then(|scheduling| scheduling.provisioning_model.as_deref());
    Seen {
        host: host(&instance, &place),
        place,
        state: state(&instance.status),
        is_provisioning: instance.status == "PROVISIONING",
        is_suspending: instance.status == "SUSPENDING",
        labels: instance.labels,
        disks: instance.disks.into_iter().map(attached).collect(),
        pricing: if model == Some("SPOT") { Pricing::Spot } else { Pricing::OnDemand },
        created: instance.creation_timestamp,
        started: instance.last_start_timestamp,
        stopped: instance.last_stop_timestamp,
    }
}

/// A host of an instance. An address or a word that makes no sense is an error, not a guess.
fn host(instance: &wire::Instance, place: &Place) -> Result<HostRuntime> {
    let region = region_of(&place.zone)?;
    let machine = word(MachineTypeName::new(machine_name(instance)))?;
    let (id, state) = (place.host_id(), state(&instance.status));
    let mut host = HostRuntime::new(crate::ID, id, instance.name.as_str(), state, region, machine);
    host.owner = ownership::owner_of(&instance.labels);
    host.zone = Some(zone(&place.zone)?);
    host.addresses = addresses(&instance.network_interfaces)?;
    host.ssh_user = instance.labels.get(labels::SSH_USER).cloned().unwrap_or_else(|| "cloud".to_owned());
    host.labels = ownership::user_labels(&instance.labels);
    host.created_at = instance.creation_timestamp;
    Ok(host)
}

fn attached(disk: wire::AttachedDisk) -> Attached {
    let wire::AttachedDisk { source, boot, auto_delete, device_name } = disk;
    Attached { name: last(&source).to_owned(), source, device: device_name, boot, auto_delete }
}

/// The states of an instance (<https://cloud.google.com/compute/docs/instances/instance-lifecycle>).
fn state(status: &str) -> HostState {
    match status {
        "PENDING" | "PROVISIONING" | "REPAIRING" => HostState::Provisioning,
        "STAGING" => HostState::Starting,
        "RUNNING" => HostState::Running,
        "PENDING_STOP" | "STOPPING" | "SUSPENDING" => HostState::Stopping,
        "TERMINATED" | "STOPPED" => HostState::Stopped,
        "SUSPENDED" => HostState::Suspended,
        "DEPROVISIONING" => HostState::Deleting,
        other => HostState::Unknown(one_line(other)),
    }
}

/// The machine type, and behind `:` the accelerators that it was given: what the catalog calls such a machine.
fn machine_name(instance: &wire::Instance) -> String {
    let base = last(&instance.machine_type);
    match instance.guest_accelerators.first() {
        // Types that come with their GPUs list them here too: they are in the name already.
        Some(gpu) if base.starts_with("n1-") => {
            format!("{base}:{}:{}", last(&gpu.accelerator_type), gpu.accelerator_count)
        }
        _ => base.to_owned(),
    }
}

fn addresses(interfaces: &[wire::NetworkInterface]) -> Result<Addresses> {
    let Some(first) = interfaces.first() else { return Ok(Addresses::default()) };
    let v4 = |text: &String| text.parse::<Ipv4Addr>().map_err(|_| nonsense("an IPv4 address"));
    let v6 = |text: &String| text.parse::<Ipv6Addr>().map_err(|_| nonsense("an IPv6 address"));
    let given = |text: &&String| !text.is_empty();
    let nat = first.access_configs.iter().find_map(|config| config.nat_ip.as_ref());
    let external_v6 = first.ipv6_access_configs.iter().find_map(|config| config.external_ipv6.as_ref());
    Ok(Addresses {
        public_v4: nat.filter(given).map(v4).transpose()?,
        public_v6: external_v6.filter(given).map(v6).transpose()?,
        private_v4: first.network_ip.as_ref().filter(given).map(v4).transpose()?,
        private_v6: first.ipv6_address.as_ref().filter(given).map(v6).transpose()?,
    })
}

pub(crate) fn disk(disk: wire::Disk) -> Disk {
    Disk {
        place: Place::new(last(&disk.zone), disk.name),
        path: path_of(&disk.self_link).to_owned(),
        size: gib(&disk.size_gb),
        kind: last(&disk.r#type).to_owned(),
        is_leaving: disk.status == "DELETING",
        users: disk
            .users
            .iter()
            .map(|user| Place::of(user).unwrap_or_else(|| Place::new(last(&disk.zone), last(user))))
            .collect(),
        labels: disk.labels,
        fingerprint: disk.label_fingerprint,
        created: disk.creation_timestamp,
    }
}

/// A volume of a disk. `hosts` are the instances that may have it, since a disk knows them by name alone.
pub(crate) fn volume(disk: &Disk, hosts: &[Place]) -> Result<Volume> {
    let host = disk.users.first().map(|user| hosts.iter().find(|host| host.is(user)).unwrap_or(user).host_id());
    let is_data_disk = driver_labels::is_for(&disk.labels, driver_labels::DATA_DISK);
    let name = disk.labels.get(ownership::NAME).filter(|_| !is_data_disk);
    Ok(Volume {
        provider: crate::ID,
        id: disk.place.volume_id(),
        name: name.unwrap_or(&disk.place.name).clone(),
        owner: ownership::owner_of(&disk.labels),
        region: region_of(&disk.place.zone)?,
        zone: Some(zone(&disk.place.zone)?),
        size: disk.size.clone()?,
        device: host.is_some().then(|| format!("/dev/disk/by-id/google-{}", disk.place.name)),
        host,
        created_at: disk.created,
        labels: ownership::user_labels(&disk.labels),
    })
}

pub(crate) fn snapshot(snapshot: wire::Snapshot) -> Result<Snapshot> {
    Ok(Snapshot {
        provider: crate::ID,
        name: snapshot.labels.get(ownership::NAME).cloned(),
        owner: ownership::owner_of(&snapshot.labels),
        state: match snapshot.status.as_str() {
            "CREATING" | "UPLOADING" => SnapshotState::Creating,
            "READY" => SnapshotState::Available,
            "FAILED" => SnapshotState::Failed,
            other => SnapshotState::Unknown(one_line(other)),
        },
        size: snapshot.storage_bytes.as_deref().map(gib_of_bytes).transpose()?,
        disk_size: snapshot.disk_size_gb.as_deref().map(gib).transpose()?,
        host: labels::host_of_snapshot(&snapshot.labels).map(|host| host.host_id()),
        created_at: snapshot.creation_timestamp,
        labels: ownership::user_labels(&snapshot.labels),
        id: SnapshotId::new(snapshot.name),
    })
}

pub(crate) fn address(address: wire::Address) -> Address {
    Address {
        id: address.id,
        region: last(&address.region).to_owned(),
        name: address.name,
        ip: address.address,
        tier: address.network_tier,
        owner: labels::owner_in(&address.description).map(str::to_owned),
        users: address.users,
    }
}

impl From<wire::Operation> for Begun {
    fn from(operation: wire::Operation) -> Self {
        begun(operation)
    }
}

pub(crate) fn begun(operation: wire::Operation) -> Begun {
    let ended = match crate::error::of_operation(&operation) {
        Ok(()) if operation.status != "DONE" => None,
        ended => Some(ended),
    };
    let scope = match (&operation.zone, &operation.region) {
        (Some(zone), _) => Scope::Zone(last(zone).to_owned()),
        (None, Some(region)) => Scope::Region(last(region).to_owned()),
        (None, None) => Scope::Global,
    };
    let wire::Operation { name, operation_type: kind, target_id: target, insert_time: since, .. } = operation;
    Begun { scope, name, kind, target, since, ended }
}

pub(crate) fn host_resource(seen: &Seen) -> Resource {
    resource(ResourceKind::Host, seen.place.host_id().as_str(), &seen.place.name, seen.created)
}

pub(crate) fn disk_resource(disk: &Disk) -> Resource {
    let id = disk.place.volume_id();
    let kept = driver_labels::is_kept(&disk.labels);
    Resource { kept, ..resource(ResourceKind::Volume, id.as_str(), &disk.place.name, disk.created) }
}

pub(crate) fn snapshot_resource(snapshot: &wire::Snapshot) -> Resource {
    resource(ResourceKind::Snapshot, &snapshot.name, &snapshot.name, snapshot.creation_timestamp)
}

pub(crate) fn address_resource(address: &wire::Address) -> Resource {
    let id = format!("{}/{}", last(&address.region), address.name);
    resource(ResourceKind::Address, &id, &address.name, address.creation_timestamp)
}

pub(crate) fn firewall_resource(firewall: &wire::Firewall) -> Resource {
    resource(ResourceKind::Firewall, &firewall.name, &firewall.name, firewall.creation_timestamp)
}

fn resource(kind: ResourceKind, id: &str, name: &str, created_at: Option<Timestamp>) -> Resource {
    Resource { kind, id: id.to_owned(), name: name.to_owned(), created_at, kept: false }
}

/// The region of a zone: `europe-west1` of `europe-west1-b`.
pub(crate) fn region_of(zone: &str) -> Result<Region> {
    let region = zone.rsplit_once('-').map_or(zone, |(region, _)| region);
    word(Region::new(region))
}

pub(crate) fn zone(name: &str) -> Result<Zone> {
    word(Zone::new(name))
}

/// The disk type for a machine. Newer machine families take Hyperdisk alone, and some of the older ones no `pd-standard`
/// (<https://cloud.google.com/compute/docs/disks/hyperdisks#machine-type-support>,
/// <https://cloud.google.com/compute/docs/disks/persistent-disks#pd-types>).
pub(crate) fn disk_type(class: DiskClass, machine: &str) -> &'static str {
    let family = machine.split('-').next().unwrap_or_default();
    if HYPERDISK_ONLY.contains(&family) {
        return "hyperdisk-balanced";
    }
    match class {
        DiskClass::Performance => "pd-ssd",
        DiskClass::Capacity if !NO_PD_STANDARD.contains(&family) => "pd-standard",
        _ => "pd-balanced",
    }
}

/// The class of a disk type.
pub(crate) fn disk_class(disk_type: &str) -> DiskClass {
    match disk_type {
        "pd-standard" => DiskClass::Capacity,
        "pd-ssd" => DiskClass::Performance,
        _ => DiskClass::Standard,
    }
}

/// A size that travels as text.
pub(crate) fn gib(text: &str) -> Result<GiB> {
    text.parse().map(GiB).map_err(|_| nonsense("a size"))
}

fn gib_of_bytes(text: &str) -> Result<GiB> {
    let bytes: u64 = text.parse().map_err(|_| nonsense("a size"))?;
    u32::try_from(bytes.div_ceil(1 << 30)).map(GiB).map_err(|_| nonsense("a size"))
}

const HYPERDISK_ONLY: &[&str] = &["a4", "a4x", "c4", "c4a", "c4d", "g4", "h4d", "m4", "n4", "n4a", "n4d", "x4"];
const NO_PD_STANDARD: &[&str] = &["a3", "c3", "c3d", "g2", "h3", "m3", "z3"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_documented_state_is_known() {
        let documented = [
            "DEPROVISIONING",
            "PENDING",
            "PENDING_STOP",
            "PROVISIONING",
            "REPAIRING",
            "RUNNING",
            "STAGING",
            "STOPPED",
            "STOPPING",
            "SUSPENDED",
            "SUSPENDING",
            "TERMINATED",
        ];
        for word in documented {
            assert!(!matches!(state(word), HostState::Unknown(_)), "{word}");
        }
        assert_eq!(state("DREAMING"), HostState::Unknown("DREAMING".to_owned()));
    }

    #[test]
    fn a_disk_type_fits_its_machine() {
        assert_eq!(disk_type(DiskClass::Standard, "e2-small"), "pd-balanced");
        assert_eq!(disk_type(DiskClass::Capacity, "e2-small"), "pd-standard");
        assert_eq!(disk_type(DiskClass::Capacity, "c3-standard-4"), "pd-balanced");
        assert_eq!(disk_type(DiskClass::Performance, "n4-standard-2"), "hyperdisk-balanced");
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_a_size_or_a_zone_panic(text in ".{0,80}") {
            let _ = (region_of(&text), gib(&text), gib_of_bytes(&text));
        }
    }
}
