//! The cloud's records as ours, and our specs in its words; the only file that sees both.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cloud_types::{
    Addresses, Error, HostId, HostRuntime, HostSpec, HostState, Image, Inbound, MachineTypeName, Region, ResourceKind,
    Result, Snapshot, SnapshotId, SnapshotState, SshKey, SshKeyId, Volume, VolumeId, Zone, ownership,
};
use cloud_world::{
    AddressChoice, Direction, FirewallRule, HostRequest, ImageKind, ImageStatus, Kind, Labels, Secret, World,
};

use crate::ID;
use crate::labels::{ZONE, is_data_disk};

mod catalog;

pub(crate) use catalog::{architecture, gib, hour, hourly, machine_type, market, money, region};

/// The number behind an id's text; `None` where this cloud never wrote such a text.
pub(crate) fn world_id(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

/// A host as we tell of it.
pub(crate) fn host(world: &World, host: &cloud_world::Host) -> Result<HostRuntime> {
    let region = Region::new(host.region.as_str())?;
    let machine = MachineTypeName::new(host.machine.as_str())?;
    let id = HostId::new(host.id.to_string());
    let mut runtime = HostRuntime::new(ID, id, host.name.as_str(), state(host.state), region, machine);
    runtime.owner = ownership::owner_of(&host.labels);
    runtime.addresses = addresses(world, host);
    runtime.zone = Some(Zone::new(host.zone.as_str())?);
    runtime.image = Some(image_name(world, host.image));
    runtime.labels = ownership::user_labels(&host.labels);
    runtime.created_at = Some(host.created);
    runtime.hourly_price = hourly(world, &host.machine, &host.region, host.market)?;
    Ok(runtime)
}

/// A volume as we tell of it; a data disk has the name of its host with `-data` behind it.
pub(crate) fn volume(volume: &cloud_world::Volume) -> Result<Volume> {
    let label = |key: &str| volume.labels.get(key);
    let name = label(ownership::NAME).unwrap_or(&volume.name);
    Ok(Volume {
        provider: ID,
        id: VolumeId::new(volume.id.to_string()),
        name: if is_data_disk(volume) { format!("{name}-data") } else { name.clone() },
        owner: ownership::owner_of(&volume.labels),
        region: Region::new(volume.region.as_str())?,
        zone: label(ZONE).map(|zone| Zone::new(zone.as_str())).transpose()?,
        size: gib(volume.size_gb),
        host: volume.host.map(|host| HostId::new(host.to_string())),
        device: Some(format!("/dev/disk/by-id/local-volume-{}", volume.id)),
        created_at: Some(volume.created),
        labels: ownership::user_labels(&volume.labels),
    })
}

/// A snapshot as we tell of it.
pub(crate) fn snapshot(image: &cloud_world::Image) -> Snapshot {
    Snapshot {
        provider: ID,
        id: SnapshotId::new(image.id.to_string()),
        name: image.labels.get(ownership::NAME).cloned(),
        owner: ownership::owner_of(&image.labels),
        state: match image.status {
            ImageStatus::Creating => SnapshotState::Creating,
            ImageStatus::Available => SnapshotState::Available,
        },
        size: image.size_centi_gb.map(|size| gib(size.div_ceil(100))),
        disk_size: Some(gib(image.disk_gb)),
        host: image.created_from.as_ref().map(|(host, _)| HostId::new(host.to_string())),
        created_at: Some(image.created),
        labels: ownership::user_labels(&image.labels),
    }
}

/// A key as we tell of it.
pub(crate) fn ssh_key(key: &cloud_world::SshKey) -> Result<SshKey> {
    Ok(SshKey {
        id: SshKeyId::new(key.id.to_string()),
        name: key.labels.get(ownership::NAME).unwrap_or(&key.name).clone(),
        owner: ownership::owner_of(&key.labels),
        key: key.public_key.parse()?,
    })
}

/// A host's state in our words.
pub(crate) fn state(state: cloud_world::HostState) -> HostState {
    use cloud_world::HostState as Theirs;
    match state {
        Theirs::Initializing | Theirs::Rebuilding | Theirs::Migrating => HostState::Provisioning,
        Theirs::Starting => HostState::Starting,
        Theirs::Running => HostState::Running,
        Theirs::Stopping => HostState::Stopping,
        Theirs::Off => HostState::Stopped,
        Theirs::Deleting => HostState::Deleting,
        Theirs::Suspended => HostState::Suspended,
        Theirs::Preempted => HostState::Preempted,
        Theirs::Failed => HostState::Failed,
    }
}

/// The spec in the cloud's words, on a machine type that is known by name.
pub(crate) fn host_request(
    world: &World,
    spec: &HostSpec,
    machine: &MachineTypeName,
    labels: &Labels,
) -> Result<HostRequest> {
    let image = image(world, &spec.image, machine)?;
    let mut request = HostRequest::new(spec.name.as_str(), machine.as_str(), image, spec.region.as_str());
    request.zone = spec.zone.as_ref().map(ToString::to_string);
    request.market = market(spec.pricing);
    request.boot_disk_gb = spec.boot_disk.size.map(|size| size.0.into());
    request.labels = labels.clone();
    request.user_data = spec.user_data.as_ref().map(|data| Secret::new(data.expose()));
    request.ipv4 = if spec.public_network.ipv4 { AddressChoice::Fresh } else { AddressChoice::None };
    request.ipv6 = if spec.public_network.ipv6 { AddressChoice::Fresh } else { AddressChoice::None };
    Ok(request)
}

/// The rules of a host's own firewall; `None` where the spec asks for none.
pub(crate) fn firewall_rules(inbound: &Inbound) -> Option<Vec<FirewallRule>> {
    let Inbound::Only(ports) = inbound else { return None };
    let rules = ports.iter().map(|port| FirewallRule {
        direction: Direction::In,
        protocol: port.protocol().to_string(),
        port: Some(format!("{}-{}", port.first(), port.last())),
        sources: port.sources().iter().map(ToString::to_string).collect(),
        destinations: Vec::new(),
        description: None,
    });
    Some(rules.collect())
}

/// The cloud's kind of a thing that an owner has; `None` for what this cloud does not have.
pub(crate) fn world_kind(kind: ResourceKind) -> Option<Kind> {
    Some(match kind {
        ResourceKind::Host => Kind::Host,
        ResourceKind::Volume => Kind::Volume,
        ResourceKind::Snapshot => Kind::Image,
        ResourceKind::Address => Kind::Address,
        ResourceKind::Firewall => Kind::Firewall,
        ResourceKind::SshKey => Kind::SshKey,
        _ => return None,
    })
}

/// The cloud's id of an image for a machine type.
fn image(world: &World, wanted: &Image, machine: &MachineTypeName) -> Result<u64> {
    let unknown = || Error::invalid("image", format!("there is no {wanted} for {machine}"));
    let architecture = world.catalog.machine(machine.as_str()).map(|machine| machine.architecture);
    let stock = |name: &str| {
        let mut named = world.images.named(name).filter(|image| image.kind == ImageKind::Stock);
        named.find(|image| Some(image.architecture) == architecture).map(|image| image.id)
    };
    let known = |id: &str| world_id(id).and_then(|id| world.images.find(id).ok());
    let found = match wanted {
        Image::Ubuntu(version) => stock(&format!("ubuntu-{version}")),
        Image::Debian(version) => stock(&format!("debian-{version}")),
        Image::Snapshot(id) => {
            known(id.as_str()).filter(|image| image.kind == ImageKind::Snapshot).map(|image| image.id)
        }
        Image::Id(id) => known(id).map(|image| image.id).or_else(|| stock(id)),
        _ => None,
    };
    found.ok_or_else(unknown)
}

/// What an image is called: a stock image by its name, anything else by its id.
fn image_name(world: &World, id: u64) -> String {
    let stock = world.images.find(id).ok().filter(|image| image.kind == ImageKind::Stock);
    stock.and_then(|image| image.name.clone()).unwrap_or_else(|| id.to_string())
}

fn addresses(world: &World, host: &cloud_world::Host) -> Addresses {
    let ip = |id: Option<u64>| id.and_then(|id| world.addresses.find(id).ok()).map(|address| address.ip);
    let mut addresses = Addresses::default();
    if let Some(IpAddr::V4(ip)) = ip(host.ipv4) {
        addresses.public_v4 = Some(ip);
    }
    if let Some(IpAddr::V6(network)) = ip(host.ipv6) {
        addresses.public_v6 = Some(Ipv6Addr::from_bits(network.to_bits() | 1));
    }
    let number = u32::try_from(host.id & 0x00ff_ffff).unwrap_or_default();
    addresses.private_v4 = Some(Ipv4Addr::from_bits(0x0a00_0000 | number));
    addresses
}
