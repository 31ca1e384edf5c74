//! Google's words into ours and back: pure, and the only file that sees both.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use cloud_types::{
    Addresses, Architecture, CpuKind, DiskClass, Error, ErrorKind, GiB, GpuInfo, HostId, HostRuntime, HostState,
    ImageInfo, MachineType, MachineTypeName, MiB, Region, Resource, ResourceKind, Result, Snapshot, SnapshotId,
    SnapshotState, Volume, VolumeId, Zone, ownership,
};

use crate::{labels, wire};

/// Where a host or a volume is: its zone and its name, and of a host the number of this very instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) zone: String,
    pub(crate) name: String,
    pub(crate) number: Option<String>,
}

impl Place {
    /// Reads `zone/name` or `zone/name/number`. Another provider's id names nothing here.
    pub(crate) fn read(id: &str) -> Result<Self> {
        let word = |text: &str| {
            let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            let good = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.bytes().all(inside);
            (good && text.len() <= 63).then(|| text.to_owned())
        };
        let number = |text: &str| {
            (text.len() <= 20 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| text.to_owned())
        };
        let mut parts = id.split('/');
        let place = match (parts.next().and_then(word), parts.next().and_then(word), parts.next(), parts.next()) {
            (Some(zone), Some(name), None, _) => Some(Self { zone, name, number: None }),
            (Some(zone), Some(name), Some(text), None) => {
                number(text).map(|number| Self { zone, name, number: Some(number) })
            }
            _ => None,
        };
        place.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "there is no such thing: an id of this provider begins with zone/name")
        })
    }

    pub(crate) fn of(instance: &wire::Instance) -> Self {
        let zone = last(&instance.zone).to_owned();
        Self { zone, name: instance.name.clone(), number: Some(instance.id.clone()) }
    }

    /// What a path calls the host: its number where it is known, so that no later one of the same name is meant
    /// (<https://cloud.google.com/compute/docs/reference/rest/v1/instances/get> takes both).
    pub(crate) fn key(&self) -> &str {
        self.number.as_deref().unwrap_or(&self.name)
    }

    pub(crate) fn host_id(&self) -> HostId {
        match &self.number {
            Some(number) => HostId::new(format!("{}/{}/{number}", self.zone, self.name)),
            None => HostId::new(format!("{}/{}", self.zone, self.name)),
        }
    }

    /// Whether the instance is the one that was meant: of the same number, where one was said.
    pub(crate) fn is(&self, instance: &wire::Instance) -> bool {
        self.name == instance.name
            && self.zone == last(&instance.zone)
            && self.number.as_ref().is_none_or(|number| *number == instance.id)
    }
}

/// The last part of an address or a path: addresses are compared by it, since their hosts differ.
pub(crate) fn last(address: &str) -> &str {
    address.rsplit('/').next().unwrap_or(address)
}

/// The path of an address behind `/v1/` (or the version it bears), as requests take it: `projects/…`.
pub(crate) fn path_of(address: &str) -> &str {
    address.find("projects/").map_or(address, |at| &address[at..])
}

/// The region of a zone: `europe-west1` of `europe-west1-b`.
pub(crate) fn region_of(zone: &str) -> Result<Region> {
    let region = zone.rsplit_once('-').map_or(zone, |(region, _)| region);
    word(Region::new(region))
}

pub(crate) fn zone(name: &str) -> Result<Zone> {
    word(Zone::new(name))
}

/// A host of an instance. An address or a word that makes no sense is an error, not a guess.
pub(crate) fn host(instance: &wire::Instance) -> Result<HostRuntime> {
    let place = Place::of(instance);
    let region = region_of(&place.zone)?;
    let state = state(&instance.status);
    let machine = word(MachineTypeName::new(machine_name(instance)))?;
    let mut host = HostRuntime::new(crate::ID, place.host_id(), instance.name.as_str(), state, region, machine);
    host.owner = ownership::owner_of(&instance.labels);
    host.zone = Some(zone(&place.zone)?);
    host.addresses = addresses(&instance.network_interfaces)?;
    host.ssh_user = instance.labels.get(labels::SSH_USER).cloned().unwrap_or_else(|| "cloud".to_owned());
    host.labels = ownership::user_labels(&instance.labels);
    host.created_at = instance.creation_timestamp;
    Ok(host)
}

/// The states of an instance (<https://cloud.google.com/compute/docs/instances/instance-lifecycle>).
pub(crate) fn state(status: &str) -> HostState {
    match status {
        "PENDING" | "PROVISIONING" | "REPAIRING" => HostState::Provisioning,
        "STAGING" => HostState::Starting,
        "RUNNING" => HostState::Running,
        "PENDING_STOP" | "STOPPING" | "SUSPENDING" => HostState::Stopping,
        "TERMINATED" | "STOPPED" => HostState::Stopped,
        "SUSPENDED" => HostState::Suspended,
        "DEPROVISIONING" => HostState::Deleting,
        other => HostState::Unknown(crate::error::one_line(other)),
    }
}

/// The machine type, and behind `:` the accelerators that it was given: what [`crate::catalog`] calls such a machine.
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

/// A volume of a disk. `hosts` are the instances that may have it, since a disk knows them by name alone.
pub(crate) fn volume(disk: &wire::Disk, hosts: &BTreeMap<(String, String), HostId>) -> Result<Volume> {
    let place = last(&disk.zone);
    let user = disk.users.first().map(|user| (zone_in(user).unwrap_or(place).to_owned(), last(user).to_owned()));
    let host = user.map(|user| {
        let by_name = || HostId::new(format!("{}/{}", user.0, user.1));
        hosts.get(&user).cloned().unwrap_or_else(by_name)
    });
    let name = disk.labels.get(ownership::NAME).filter(|_| !labels::is_data_disk(&disk.labels));
    Ok(Volume {
        provider: crate::ID,
        id: VolumeId::new(format!("{place}/{}", disk.name)),
        name: name.unwrap_or(&disk.name).clone(),
        owner: ownership::owner_of(&disk.labels),
        region: region_of(place)?,
        zone: Some(zone(place)?),
        size: gib(&disk.size_gb)?,
        device: host.is_some().then(|| format!("/dev/disk/by-id/google-{}", disk.name)),
        host,
        created_at: disk.creation_timestamp,
        labels: ownership::user_labels(&disk.labels),
    })
}

/// The zone in an address, `…/zones/europe-west1-b/…`.
pub(crate) fn zone_in(address: &str) -> Option<&str> {
    let behind = &address[address.find("zones/")? + "zones/".len()..];
    behind.split('/').next()
}

pub(crate) fn snapshot(snapshot: &wire::Snapshot) -> Result<Snapshot> {
    let host = labels::host_of_snapshot(&snapshot.labels);
    Ok(Snapshot {
        provider: crate::ID,
        id: SnapshotId::new(snapshot.name.as_str()),
        name: snapshot.labels.get(ownership::NAME).cloned(),
        owner: ownership::owner_of(&snapshot.labels),
        state: match snapshot.status.as_str() {
            "CREATING" | "UPLOADING" => SnapshotState::Creating,
            "READY" => SnapshotState::Available,
            "FAILED" => SnapshotState::Failed,
            other => SnapshotState::Unknown(crate::error::one_line(other)),
        },
        size: snapshot.storage_bytes.as_deref().map(gib_of_bytes).transpose()?,
        disk_size: snapshot.disk_size_gb.as_deref().map(gib).transpose()?,
        host: host.map(|(zone, name, number)| HostId::new(format!("{zone}/{name}/{number}"))),
        created_at: snapshot.creation_timestamp,
        labels: ownership::user_labels(&snapshot.labels),
    })
}

pub(crate) fn machine_type(from: &wire::MachineType) -> Result<MachineType> {
    Ok(MachineType {
        name: word(MachineTypeName::new(from.name.as_str()))?,
        vcpus: from.guest_cpus,
        cpu: if from.is_shared_cpu { CpuKind::Shared } else { CpuKind::Dedicated },
        memory: MiB(from.memory_mb),
        disk: None,
        architecture: architecture(from.architecture.as_deref())?,
        gpu: from.accelerators.first().map(|gpu| gpu_info(&gpu.guest_accelerator_type, gpu.guest_accelerator_count)),
        deprecated: is_deprecated(from.deprecated.as_ref()),
    })
}

/// A GPU by Google's name of it, such as `nvidia-l4`: the catalog's and a requirement's model too.
pub(crate) fn gpu_info(model: &str, count: u32) -> GpuInfo {
    GpuInfo { model: last(model).to_owned(), count, memory: None }
}

/// What is not said is x86: machine types and images from before Arm say nothing.
pub(crate) fn architecture(theirs: Option<&str>) -> Result<Architecture> {
    match theirs {
        None | Some("" | "X86_64" | "ARCHITECTURE_UNSPECIFIED") => Ok(Architecture::X86_64),
        Some("ARM64") => Ok(Architecture::Arm64),
        Some(_) => Err(nonsense("an architecture")),
    }
}

pub(crate) fn is_deprecated(state: Option<&wire::Deprecation>) -> bool {
    state.is_some_and(|state| !matches!(state.state.as_str(), "" | "ACTIVE"))
}

pub(crate) fn image(image: &wire::Image) -> Result<ImageInfo> {
    let id = if image.self_link.is_empty() { &image.name } else { path_of(&image.self_link) };
    Ok(ImageInfo {
        id: id.to_owned(),
        description: if image.description.is_empty() { image.name.clone() } else { image.description.clone() },
        architecture: architecture(image.architecture.as_deref())?,
        deprecated: is_deprecated(image.deprecated.as_ref()),
    })
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
    match last(disk_type) {
        "pd-standard" => DiskClass::Capacity,
        "pd-ssd" => DiskClass::Performance,
        _ => DiskClass::Standard,
    }
}

pub(crate) fn instance_resource(instance: &wire::Instance) -> Resource {
    let created_at = instance.creation_timestamp;
    let (id, name) = (Place::of(instance).host_id().to_string(), instance.name.clone());
    Resource { kind: ResourceKind::Host, id, name, created_at, kept: false }
}

pub(crate) fn disk_resource(disk: &wire::Disk) -> Resource {
    let (id, created_at) = (format!("{}/{}", last(&disk.zone), disk.name), disk.creation_timestamp);
    let kept = labels::is_kept(&disk.labels);
    Resource { kind: ResourceKind::Volume, id, name: disk.name.clone(), created_at, kept }
}

pub(crate) fn snapshot_resource(snapshot: &wire::Snapshot) -> Resource {
    let (id, created_at) = (snapshot.name.clone(), snapshot.creation_timestamp);
    Resource { kind: ResourceKind::Snapshot, id: id.clone(), name: id, created_at, kept: false }
}

pub(crate) fn address_resource(address: &wire::Address) -> Resource {
    let (id, created_at) = (format!("{}/{}", last(&address.region), address.name), address.creation_timestamp);
    Resource { kind: ResourceKind::Address, id, name: address.name.clone(), created_at, kept: false }
}

pub(crate) fn firewall_resource(firewall: &wire::Firewall) -> Resource {
    let (id, created_at) = (firewall.name.clone(), firewall.creation_timestamp);
    Resource { kind: ResourceKind::Firewall, id: id.clone(), name: id, created_at, kept: false }
}

/// A size that travels as text.
pub(crate) fn gib(text: &str) -> Result<GiB> {
    text.parse().map(GiB).map_err(|_| nonsense("a size"))
}

fn gib_of_bytes(text: &str) -> Result<GiB> {
    let bytes: u64 = text.parse().map_err(|_| nonsense("a size"))?;
    u32::try_from(bytes.div_ceil(1 << 30)).map(GiB).map_err(|_| nonsense("a size"))
}

fn word<T>(parsed: Result<T>) -> Result<T> {
    parsed.map_err(|error| nonsense(error.field().unwrap_or("a word").to_owned()))
}

pub(crate) fn nonsense(what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Unexpected, format!("the provider's answer holds {what} that makes no sense"))
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
    fn an_id_names_its_place_and_comes_back_as_it_was() {
        for id in ["europe-west1-b/web-1", "europe-west1-b/web-1/4242"] {
            assert_eq!(Place::read(id).unwrap().host_id().as_str(), id);
        }
        for id in ["", "web-1", "a/b/c", "a/b/1/2", "A/b", "a//1", "a/b/", "../x", "a/..", "a/b/123456789012345678901"]
        {
            assert_eq!(Place::read(id).unwrap_err().kind(), ErrorKind::NotFound, "{id}");
        }
    }

    #[test]
    fn a_disk_type_fits_its_machine() {
        assert_eq!(disk_type(DiskClass::Standard, "e2-small"), "pd-balanced");
        assert_eq!(disk_type(DiskClass::Capacity, "e2-small"), "pd-standard");
        assert_eq!(disk_type(DiskClass::Capacity, "c3-standard-4"), "pd-balanced");
        assert_eq!(disk_type(DiskClass::Performance, "n4-standard-2"), "hyperdisk-balanced");
    }

    #[test]
    fn an_address_is_read_by_its_path() {
        let address = "https://www.googleapis.com/compute/v1/projects/p/zones/z-a/instances/web";
        assert_eq!((last(address), zone_in(address)), ("web", Some("z-a")));
        assert_eq!(path_of(address), "projects/p/zones/z-a/instances/web");
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_an_id_panic(text in ".{0,80}") {
            if let Ok(place) = Place::read(&text) {
                let again = place.host_id();
                prop_assert_eq!(again.as_str(), text.as_str());
            }
            let _ = (last(&text), zone_in(&text), path_of(&text), region_of(&text), gib(&text));
        }
    }
}
