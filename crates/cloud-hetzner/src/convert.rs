//! Hetzner's words into ours and back: pure, and the only file that sees both.

use std::net::{Ipv4Addr, Ipv6Addr};

use cloud_types::{
    Addresses, Architecture, CpuKind, Currency, Error, ErrorKind, GiB, HostId, HostRuntime, HostState, ImageInfo,
    InboundPort, MachineType, MachineTypeName, MiB, Money, Rate, Region, RegionInfo, Resource, ResourceKind, Result,
    Snapshot, SnapshotId, SnapshotState, SshKey, SshKeyId, Volume, VolumeId, ownership,
};

use rust_decimal::Decimal;

use crate::labels;
use crate::wire;

/// A host of a server. An address or a word that makes no sense is an error, not a guess.
pub(crate) fn host(server: wire::Server) -> Result<HostRuntime> {
    let id = HostId::new(server.id.to_string());
    let region = location(&server.location.name)?;
    let machine_type = word(MachineTypeName::new(server.server_type.name))?;
    let mut host = HostRuntime::new(crate::ID, id, server.name, state(&server.status), region, machine_type);
    host.owner = ownership::owner_of(&server.labels);
    host.addresses = addresses(&server.public_net, &server.private_net)?;
    host.image = server.image.map(|image| image.name.unwrap_or_else(|| image.id.to_string()));
    host.labels = ownership::user_labels(&server.labels);
    host.created_at = Some(server.created);
    Ok(host)
}

/// The states of a server (<https://docs.hetzner.cloud/reference/cloud#servers-get-a-server>).
pub(crate) fn state(status: &str) -> HostState {
    match status {
        "initializing" | "rebuilding" | "migrating" => HostState::Provisioning,
        "starting" => HostState::Starting,
        "running" => HostState::Running,
        "stopping" => HostState::Stopping,
        "off" => HostState::Stopped,
        "deleting" => HostState::Deleting,
        other => HostState::Unknown(other.to_owned()),
    }
}

fn addresses(public: &wire::PublicNet, private: &[wire::PrivateNet]) -> Result<Addresses> {
    let v4 = |text: &str| text.parse::<Ipv4Addr>().map_err(|_| nonsense("an IPv4 address"));
    Ok(Addresses {
        public_v4: public.ipv4.as_ref().map(|ip| v4(&ip.ip)).transpose()?,
        public_v6: public.ipv6.as_ref().map(|ip| first_of_network(&ip.ip)).transpose()?,
        private_v4: private.first().map(|net| v4(&net.ip)).transpose()?,
        private_v6: None,
    })
}

/// Hetzner gives a whole /64; its images take the address that ends in `::1`
/// (<https://docs.hetzner.com/cloud/servers/primary-ips/primary-ip-configuration>).
fn first_of_network(network: &str) -> Result<Ipv6Addr> {
    let base = network.split('/').next().unwrap_or_default();
    let base: Ipv6Addr = base.parse().map_err(|_| nonsense("an IPv6 network"))?;
    Ok(if u128::from(base) & 0xffff == 0 { Ipv6Addr::from(u128::from(base) | 1) } else { base })
}

/// The number behind one of our ids. Another provider's id names nothing here.
pub(crate) fn number(id: &str) -> Result<u64> {
    id.parse().map_err(|_| {
        Error::new(ErrorKind::NotFound, "there is no such thing: an id of this provider is a whole number")
    })
}

pub(crate) fn snapshot(image: wire::Image) -> Snapshot {
    Snapshot {
        provider: crate::ID,
        id: SnapshotId::new(image.id.to_string()),
        name: image.labels.get(ownership::NAME).cloned(),
        owner: ownership::owner_of(&image.labels),
        state: match image.status.as_str() {
            "creating" => SnapshotState::Creating,
            "available" => SnapshotState::Available,
            "unavailable" => SnapshotState::Failed,
            other => SnapshotState::Unknown(other.to_owned()),
        },
        size: image.image_size.map(whole_gib),
        disk_size: Some(whole_gib(image.disk_size)),
        host: image.created_from.map(|server| HostId::new(server.id.to_string())),
        created_at: Some(image.created),
        labels: ownership::user_labels(&image.labels),
    }
}

pub(crate) fn volume(volume: wire::Volume) -> Result<Volume> {
    Ok(Volume {
        provider: crate::ID,
        id: VolumeId::new(volume.id.to_string()),
        name: volume.name,
        owner: ownership::owner_of(&volume.labels),
        region: location(&volume.location.name)?,
        zone: None,
        size: whole_gib(volume.size),
        host: volume.server.map(|server| HostId::new(server.to_string())),
        device: volume.linux_device,
        created_at: Some(volume.created),
        labels: ownership::user_labels(&volume.labels),
    })
}

pub(crate) fn ssh_key(key: wire::SshKey) -> Result<SshKey> {
    Ok(SshKey {
        id: SshKeyId::new(key.id.to_string()),
        owner: ownership::owner_of(&key.labels),
        key: key.public_key.parse().map_err(|_| nonsense("an SSH public key"))?,
        name: key.name,
    })
}

pub(crate) fn region(location: wire::Location) -> Result<RegionInfo> {
    let description = format!("{}, {}", location.city, location.country);
    Ok(RegionInfo { name: word(Region::new(location.name))?, description, zones: Vec::new() })
}

pub(crate) fn machine_type(from: &wire::ServerType) -> Result<MachineType> {
    Ok(MachineType {
        name: word(MachineTypeName::new(from.name.as_str()))?,
        vcpus: from.cores as u32,
        cpu: if from.cpu_type == "dedicated" { CpuKind::Dedicated } else { CpuKind::Shared },
        memory: MiB((from.memory * 1024.0) as u64),
        disk: Some(whole_gib(from.disk)),
        architecture: architecture(&from.architecture)?,
        gpu: None,
        deprecated: from.locations.iter().all(|location| location.deprecation.is_some()),
    })
}

pub(crate) fn location(name: &str) -> Result<Region> {
    word(Region::new(name))
}

pub(crate) fn region_of(server: &wire::Server) -> Result<Region> {
    location(&server.location.name)
}

pub(crate) fn architecture(theirs: &str) -> Result<Architecture> {
    match theirs {
        "x86" => Ok(Architecture::X86_64),
        "arm" => Ok(Architecture::Arm64),
        _ => Err(nonsense("an architecture")),
    }
}

pub(crate) fn image(image: &wire::Image) -> Result<ImageInfo> {
    Ok(ImageInfo {
        id: image.name.clone().unwrap_or_else(|| image.id.to_string()),
        description: image.description.clone(),
        architecture: architecture(&image.architecture)?,
        deprecated: image.deprecated.is_some(),
    })
}

/// A rate by the hour, capped by the price of the month (<https://docs.hetzner.com/cloud/billing/faq>). Without tax.
pub(crate) fn rate(price: &wire::Price, currency: Currency) -> Result<Rate> {
    Ok(Rate::Hourly { price: money(&price.price_hourly, currency)?, cap: Some(money(&price.price_monthly, currency)?) })
}

pub(crate) fn money(price: &wire::PricePair, currency: Currency) -> Result<Money> {
    let money = Money::parse(&price.net, currency).map_err(|_| nonsense("a price"))?;
    match money.amount.is_sign_negative() && !money.amount.is_zero() || money.amount > HIGHEST_PRICE {
        true => Err(nonsense("a price")),
        false => Ok(money),
    }
}

pub(crate) fn currency(text: &str) -> Result<Currency> {
    text.parse().map_err(|_| nonsense("a currency"))
}

/// Inbound rules; no rule at all lets nothing in (<https://docs.hetzner.cloud/reference/cloud#firewalls>).
pub(crate) fn rules(ports: &[InboundPort]) -> Vec<wire::Rule> {
    let rule = |port: &InboundPort| wire::Rule {
        direction: "in",
        protocol: port.protocol().to_string(),
        port: match port.first() == port.last() {
            true => port.first().to_string(),
            false => format!("{}-{}", port.first(), port.last()),
        },
        source_ips: match port.sources() {
            [] => vec!["0.0.0.0/0".to_owned(), "::/0".to_owned()],
            sources => sources.iter().map(ToString::to_string).collect(),
        },
    };
    ports.iter().map(rule).collect()
}

pub(crate) fn server_resource(server: wire::Server) -> Resource {
    let created_at = Some(server.created);
    Resource { kind: ResourceKind::Host, id: server.id.to_string(), name: server.name, created_at, kept: false }
}

pub(crate) fn volume_resource(volume: wire::Volume) -> Resource {
    let kept = labels::is_kept(&volume.labels);
    let created_at = Some(volume.created);
    Resource { kind: ResourceKind::Volume, id: volume.id.to_string(), name: volume.name, created_at, kept }
}

pub(crate) fn image_resource(image: wire::Image) -> Resource {
    let created_at = Some(image.created);
    let name = image.description;
    Resource { kind: ResourceKind::Snapshot, id: image.id.to_string(), name, created_at, kept: false }
}

pub(crate) fn firewall_resource(firewall: wire::Firewall) -> Resource {
    let created_at = Some(firewall.created);
    Resource { kind: ResourceKind::Firewall, id: firewall.id.to_string(), name: firewall.name, created_at, kept: false }
}

pub(crate) fn ssh_key_resource(key: wire::SshKey) -> Resource {
    let created_at = Some(key.created);
    Resource { kind: ResourceKind::SshKey, id: key.id.to_string(), name: key.name, created_at, kept: false }
}

/// Hetzner's gigabytes, rounded up: what is billed is at least that.
pub(crate) fn whole_gib(size: f64) -> GiB {
    GiB(size.ceil() as u32)
}

fn word<T>(parsed: Result<T>) -> Result<T> {
    parsed.map_err(|error| nonsense(error.field().unwrap_or("a word").to_owned()))
}

fn nonsense(what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Unexpected, format!("the provider's answer holds {what} that makes no sense"))
}

/// No price of an hour, a month or a gigabyte is higher, in any currency.
const HIGHEST_PRICE: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_status_has_its_state_and_others_stay_unknown() {
        let states = ["initializing", "starting", "running", "stopping", "off", "deleting", "rebuilding", "migrating"];
        assert!(states.into_iter().all(|status| !matches!(state(status), HostState::Unknown(_))));
        assert_eq!(state("unknown"), HostState::Unknown("unknown".to_owned()));
        assert_eq!(state("dancing"), HostState::Unknown("dancing".to_owned()));
    }

    #[test]
    fn the_address_of_a_v6_network_is_its_first() {
        assert_eq!(first_of_network("2001:db8:1::/64").unwrap(), "2001:db8:1::1".parse::<Ipv6Addr>().unwrap());
        assert!(first_of_network("nonsense").is_err());
    }

    #[test]
    fn an_id_of_another_provider_names_nothing_here() {
        assert_eq!(number("eu-west-1/i-0ab").unwrap_err().kind(), ErrorKind::NotFound);
    }
}
