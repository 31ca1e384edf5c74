//! The cloud's records as ours, and our wishes in its words; the only file that sees both.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cloud_types::{
    Addresses, Architecture, Currency, Error, HostId, HostRuntime, HostSpec, HostState, Image, Inbound,
    MachineTypeName, Money, OnDelete, Pricing, Region, ResourceKind, Result, Zone, ownership,
};
use cloud_world::{
    AddressChoice, Direction, FirewallRule, HostRequest, ImageKind, Kind, Labels, Market, Price, Secret, World,
};
use rust_decimal::Decimal;

use crate::local::ID;

/// Label of a data disk: what becomes of it when its host goes, `delete` or `keep`.
pub(crate) const ON_DELETE: &str = "cloud-on-delete";

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

/// The wish in the cloud's words, on a machine type that is known by name.
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

/// The rules of a host's own firewall; `None` where the wish asks for none.
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

/// How a host is paid, in the cloud's words.
pub(crate) fn market(pricing: Pricing) -> Market {
    match pricing {
        Pricing::Spot => Market::Spot,
        _ => Market::OnDemand,
    }
}

/// The instruction set in our words.
pub(crate) fn architecture(architecture: cloud_world::Architecture) -> Architecture {
    match architecture {
        cloud_world::Architecture::X86 => Architecture::X86_64,
        cloud_world::Architecture::Arm => Architecture::Arm64,
    }
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

/// What becomes of a data disk, as its label says it.
pub(crate) fn on_delete(fate: OnDelete) -> &'static str {
    match fate {
        OnDelete::Delete => "delete",
        OnDelete::Keep => "keep",
    }
}

/// Whether a volume is a data disk that outlives its host.
pub(crate) fn is_kept(volume: &cloud_world::Volume) -> bool {
    volume.labels.get(ON_DELETE).is_some_and(|fate| fate == on_delete(OnDelete::Keep))
}

/// Whether a volume is a data disk that goes when its host goes.
pub(crate) fn goes_with_host(volume: &cloud_world::Volume) -> bool {
    volume.labels.get(ON_DELETE).is_some_and(|fate| fate == on_delete(OnDelete::Delete))
}

/// An amount in the cloud's currency.
pub(crate) fn money(world: &World, amount: Decimal) -> Result<Money> {
    Ok(Money::new(amount.normalize(), world.catalog.currency.parse::<Currency>()?))
}

/// The price of an hour; `None` where the machine type is not sold there like that.
pub(crate) fn hourly(world: &World, machine: &str, region: &str, market: Market) -> Result<Option<Money>> {
    let price = world.catalog.machine(machine).and_then(|machine| machine.prices.get(region));
    let hour = price.and_then(|price| hour(price, market));
    hour.map(|amount| money(world, amount)).transpose()
}

/// The price of an hour, where it is sold like that.
pub(crate) fn hour(price: &Price, market: Market) -> Option<Decimal> {
    match market {
        Market::OnDemand => Some(price.hourly),
        Market::Spot => price.spot_hourly,
    }
}

/// The cloud's id of an image for a machine type.
fn image(world: &World, wished: &Image, machine: &MachineTypeName) -> Result<u64> {
    let unknown = || Error::invalid("image", format!("there is no {wished} for {machine}"));
    let architecture = world.catalog.machine(machine.as_str()).map(|machine| machine.architecture);
    let stock = |name: &str| {
        let mut named = world.images.named(name).filter(|image| image.kind == ImageKind::Stock);
        named.find(|image| Some(image.architecture) == architecture).map(|image| image.id)
    };
    let known = |id: &str| world_id(id).and_then(|id| world.images.find(id).ok());
    let found = match wished {
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
