//! Hetzner's words into ours and back: pure, and with [`client`](crate::client) and [`error`](crate::error) the only files
//! that know the words of the wire.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use cloud_types::{
    Addresses, Error, ErrorKind, GiB, HostId, HostRuntime, HostState, MachineTypeName, Region, Resource, ResourceKind,
    Result, Snapshot, SnapshotId, SnapshotState, SshKey, SshKeyId, Volume, VolumeId, ownership,
};
use jiff::Timestamp;

use crate::wire;

mod body;
mod catalog;

pub(crate) use body::{
    Plan, Ready, change_type, create_firewall, create_image, create_server, create_ssh_key, create_volume,
    update_ssh_key,
};
#[cfg(test)]
pub(crate) use catalog::money;
pub(crate) use catalog::{Shelf, shelf};

pub(crate) type Labels = BTreeMap<String, String>;

/// A server: the host, and what the contract has no word for.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) host: HostRuntime,
    pub(crate) number: u64,
    /// All labels, also the workspace's own.
    pub(crate) labels: Labels,
    pub(crate) firewalls: Vec<u64>,
    /// An action is running on it.
    pub(crate) locked: bool,
    /// It is on its way to another machine.
    pub(crate) migrating: bool,
}

/// Anything but a server that has labels: a volume, snapshot, firewall or key.
#[derive(Debug, Clone)]
pub(crate) struct Thing {
    pub(crate) kind: ResourceKind,
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) labels: Labels,
    /// The servers that Hetzner counts as using it; of a key it does not say.
    pub(crate) users: Vec<u64>,
    created: Option<Timestamp>,
}

/// A server in our words. An address or a word that makes no sense is an error, not a guess.
pub(crate) fn seen(server: wire::Server) -> Result<Seen> {
    let id = HostId::new(server.id.to_string());
    let region = location(&server.location.name)?;
    let machine_type = word(MachineTypeName::new(server.server_type.name))?;
    let mut host = HostRuntime::new(crate::ID, id, server.name, state(&server.status), region, machine_type);
    host.owner = ownership::owner_of(&server.labels);
    host.addresses = addresses(&server.public_net, &server.private_net)?;
    host.image = server.image.map(|image| image.name.unwrap_or_else(|| image.id.to_string()));
    host.labels = ownership::user_labels(&server.labels);
    host.created_at = Some(server.created);
    Ok(Seen {
        host,
        number: server.id,
        labels: server.labels,
        firewalls: server.public_net.firewalls.iter().map(|firewall| firewall.id).collect(),
        locked: server.locked,
        migrating: server.status == "migrating",
    })
}

/// A page of servers, and the number of the next.
pub(crate) fn page(list: wire::ServerList) -> Result<(Vec<Seen>, Option<u64>)> {
    let (servers, next) = wire::Paged::into_parts(list);
    Ok((servers.into_iter().map(seen).collect::<Result<_>>()?, next))
}

/// The answer to a create: the server, and the actions that make it.
pub(crate) fn created(answer: wire::CreateServerResponse) -> Result<(Seen, Vec<u64>)> {
    let actions = std::iter::once(&answer.action).chain(&answer.next_actions).map(|action| action.id).collect();
    Ok((seen(answer.server)?, actions))
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

/// A snapshot; other images are none.
pub(crate) fn snapshot(image: wire::Image) -> Result<Snapshot> {
    if image.r#type != "snapshot" {
        return Err(Error::new(ErrorKind::NotFound, format!("image {} is no snapshot", image.id)));
    }
    Ok(Snapshot {
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
    })
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

/// Whether a volume is made: until then nothing can be done with it.
pub(crate) fn is_ready(volume: &wire::Volume) -> bool {
    volume.status == "available"
}

impl Thing {
    /// A volume that this process has just made.
    pub(crate) fn made_volume(id: u64, volume: &Volume, labels: Labels) -> Self {
        let (kind, name, created) = (ResourceKind::Volume, volume.name.clone(), volume.created_at);
        Self { kind, id, name, labels, users: Vec::new(), created }
    }

    pub(crate) fn resource(self) -> Resource {
        let kept = self.kind == ResourceKind::Volume && cloud_driver::labels::is_kept(&self.labels);
        Resource { kind: self.kind, id: self.id.to_string(), name: self.name, created_at: self.created, kept }
    }
}

pub(crate) fn host_resource(server: wire::Server) -> Resource {
    let created_at = Some(server.created);
    Resource { kind: ResourceKind::Host, id: server.id.to_string(), name: server.name, created_at, kept: false }
}

impl From<wire::Volume> for Thing {
    fn from(volume: wire::Volume) -> Self {
        let wire::Volume { id, name, created, server, labels, .. } = volume;
        let users = server.into_iter().collect();
        Self { kind: ResourceKind::Volume, id, name, labels, users, created: Some(created) }
    }
}

impl From<wire::Image> for Thing {
    fn from(image: wire::Image) -> Self {
        let wire::Image { id, description, created, labels, .. } = image;
        let (kind, users) = (ResourceKind::Snapshot, Vec::new());
        Self { kind, id, name: description, labels, users, created: Some(created) }
    }
}

impl From<wire::Firewall> for Thing {
    fn from(firewall: wire::Firewall) -> Self {
        let wire::Firewall { id, name, created, labels, applied_to } = firewall;
        let users = applied_to.into_iter().filter_map(|to| to.server).map(|server| server.id).collect();
        Self { kind: ResourceKind::Firewall, id, name, labels, users, created: Some(created) }
    }
}

impl From<wire::SshKey> for Thing {
    fn from(key: wire::SshKey) -> Self {
        let wire::SshKey { id, name, created, labels, .. } = key;
        Self { kind: ResourceKind::SshKey, id, name, labels, users: Vec::new(), created: Some(created) }
    }
}

pub(crate) fn location(name: &str) -> Result<Region> {
    word(Region::new(name))
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
