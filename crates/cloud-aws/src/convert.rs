//! EC2's words into ours and back: pure, and the only file that sees both.

mod catalog;
mod storage;

use std::net::{Ipv4Addr, Ipv6Addr};

use aws_sdk_ec2::primitives::DateTime;
use aws_sdk_ec2::types::{Instance, KeyPairInfo, SecurityGroup, Volume};
use cloud_types::{
    Addresses, Error, ErrorKind, HostId, HostRuntime, HostState, MachineTypeName, Region, Resource, ResourceKind,
    Result, Zone, ownership,
};
use jiff::Timestamp;

use crate::tags;

pub(crate) use catalog::{architecture, architecture_word, machine_type, pricings, region_words, zone};
pub(crate) use storage::{
    attachment, disk_kind, gib, image_resource, is_there, part_resource, root_size, snapshot, volume,
};

/// Where something is: its region and its id there. Written `eu-west-1/i-0123456789abcdef0`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) region: Region,
    pub(crate) id: String,
}

impl Place {
    /// Reads a place whose id begins with `prefix`, such as `i`. Another provider's id names nothing here.
    pub(crate) fn read(prefix: &str, text: &str) -> Result<Self> {
        let parts = text.split_once('/').filter(|(region, id)| is_region(region) && is_id(prefix, id));
        let place = parts.and_then(|(region, id)| Some(Self { region: Region::new(region).ok()?, id: id.to_owned() }));
        place.ok_or_else(|| {
            let message =
                format!("there is no such thing: an id of this provider is like eu-west-1/{prefix}-0123456789abcdef0");
            Error::new(ErrorKind::NotFound, message)
        })
    }

    /// A host's place.
    pub(crate) fn of_host(id: &HostId) -> Result<Self> {
        Self::read(HOST, id.as_str())
    }

    /// The place of an instance of this region.
    pub(crate) fn of(region: &Region, instance: &Instance) -> Result<Self> {
        let id =
            instance.instance_id.clone().filter(|id| is_id(HOST, id)).ok_or_else(|| nonsense("an instance's id"))?;
        Ok(Self { region: region.clone(), id })
    }

    pub(crate) fn host_id(&self) -> HostId {
        HostId::new(self.to_string())
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.region, self.id)
    }
}

/// The form of a region's name, which becomes a part of an address.
pub(crate) fn is_region(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&text.len()) && text.bytes().all(inside) && !text.starts_with('-') && !text.ends_with('-')
}

/// The form of an id: a prefix, and digits that were 8 once and are 17 now
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html>).
pub(crate) fn is_id(prefix: &str, text: &str) -> bool {
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-'));
    let inside = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    digits.is_some_and(|digits| matches!(digits.len(), 8 | 17) && digits.bytes().all(inside))
}

/// A host of an instance. An address or a word that makes no sense is an error, not a guess.
pub(crate) fn host(region: &Region, instance: &Instance) -> Result<HostRuntime> {
    let place = Place::of(region, instance)?;
    let labels = tags::read(instance.tags.as_deref());
    let name = labels.get(ownership::NAME).or_else(|| labels.get(tags::NAME)).unwrap_or(&place.id).clone();
    let machine = instance.instance_type.as_ref().map_or("", |kind| kind.as_str());
    let machine = word(MachineTypeName::new(machine))?;
    let mut host = HostRuntime::new(crate::ID, place.host_id(), name, state(instance), region.clone(), machine);
    let zone = instance.placement.as_ref().and_then(|placement| placement.availability_zone.as_deref());
    host.zone = zone.map(|zone| word(Zone::new(zone))).transpose()?;
    host.owner = ownership::owner_of(&labels);
    host.addresses = addresses(instance)?;
    host.ssh_user = labels.get(tags::SSH_USER).cloned().unwrap_or_else(|| "ec2-user".to_owned());
    host.image = instance.image_id.clone();
    host.created_at = created_at(instance);
    host.labels = ownership::user_labels(&labels);
    host.labels.remove(tags::NAME);
    Ok(host)
}

/// When an instance was made: each start gives it a new launch time, but its first network interface stays.
pub(crate) fn created_at(instance: &Instance) -> Option<Timestamp> {
    let interfaces = instance.network_interfaces.iter().flatten();
    let attached = interfaces.filter_map(|one| one.attachment.as_ref()?.attach_time.as_ref());
    attached.chain(&instance.launch_time).filter_map(timestamp).min()
}

pub(crate) fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

/// The states of an instance (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html>).
/// One that has ended is shown for about an hour: see [`ended`].
pub(crate) fn state(instance: &Instance) -> HostState {
    let state = instance.state.as_ref().and_then(|state| state.name.as_ref());
    match state.map_or("", |name| name.as_str()) {
        "pending" => HostState::Starting,
        "running" => HostState::Running,
        "stopping" => HostState::Stopping,
        "stopped" => HostState::Stopped,
        "shutting-down" | "terminated" => HostState::Deleting,
        other => HostState::Unknown(crate::error::one_line(other)),
    }
}

/// Whether an instance is gone for good, and only its memory is shown.
pub(crate) fn is_ended(instance: &Instance) -> bool {
    instance.state.as_ref().and_then(|state| state.name.as_ref()).is_some_and(|name| name.as_str() == "terminated")
}

/// The error for an instance that has ended: such a host is gone.
pub(crate) fn ended(place: &Place, instance: &Instance) -> Error {
    let reason = instance.state_reason.as_ref().and_then(|reason| reason.message.as_deref());
    let why = reason.map(|reason| format!(" ({})", crate::error::one_line(reason))).unwrap_or_default();
    Error::new(ErrorKind::NotFound, format!("host {place} is gone{why}"))
}

/// Whether AWS took a spot instance back
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StateReason.html>).
pub(crate) fn is_preempted(instance: &Instance) -> bool {
    let code = instance.state_reason.as_ref().and_then(|reason| reason.code.as_deref());
    matches!(code, Some("Server.SpotInstanceTermination" | "Server.SpotInstanceShutdown"))
}

/// The error for an instance that AWS ended while nobody wanted it so; `None` where somebody did.
pub(crate) fn given_up(instance: &Instance) -> Option<Error> {
    let reason = instance.state_reason.as_ref()?;
    crate::error::of_reason(reason.code.as_deref()?, reason.message.as_deref().unwrap_or_default())
}

fn addresses(instance: &Instance) -> Result<Addresses> {
    let v4 = |text: &String| text.parse::<Ipv4Addr>().map_err(|_| nonsense("an IPv4 address"));
    let v6 = |text: &String| text.parse::<Ipv6Addr>().map_err(|_| nonsense("an IPv6 address"));
    let given = |text: &&String| !text.is_empty();
    let interfaces = instance.network_interfaces.iter().flatten();
    let on_interface = interfaces.flat_map(|one| one.ipv6_addresses.iter().flatten());
    let public_v6 =
        instance.ipv6_address.as_ref().or_else(|| on_interface.filter_map(|one| one.ipv6_address.as_ref()).next());
    Ok(Addresses {
        public_v4: instance.public_ip_address.as_ref().filter(given).map(v4).transpose()?,
        public_v6: public_v6.filter(given).map(v6).transpose()?,
        private_v4: instance.private_ip_address.as_ref().filter(given).map(v4).transpose()?,
        private_v6: None,
    })
}

pub(crate) fn instance_resource(region: &Region, instance: &Instance) -> Result<Resource> {
    let host = host(region, instance)?;
    let (id, created_at) = (host.id.to_string(), host.created_at);
    Ok(Resource { kind: ResourceKind::Host, id, name: host.name, created_at, kept: false })
}

/// Whether a volume is a host's data disk. A launch tags all disks alike: the system's is made of a snapshot.
pub(crate) fn is_data_disk(volume: &Volume) -> bool {
    is_empty(volume) && tags::is_data_disk(&tags::read(volume.tags.as_deref()))
}

/// Whether a volume is what a host of ours boots from.
pub(crate) fn is_boot_disk(volume: &Volume) -> bool {
    let labels = tags::read(volume.tags.as_deref());
    tags::is_boot_disk(&labels) || (tags::is_data_disk(&labels) && !is_empty(volume))
}

/// Whether a volume was made without a snapshot.
fn is_empty(volume: &Volume) -> bool {
    volume.snapshot_id.as_deref().unwrap_or_default().is_empty()
}

pub(crate) fn volume_resource(region: &Region, volume: &Volume) -> Result<Resource> {
    let told = self::volume(volume, region)?;
    let kept = is_data_disk(volume) && tags::is_kept(&tags::read(volume.tags.as_deref()));
    let (id, created_at) = (told.id.to_string(), told.created_at);
    Ok(Resource { kind: ResourceKind::Volume, id, name: told.name, created_at, kept })
}

pub(crate) fn group_resource(region: &Region, group: &SecurityGroup) -> Result<Resource> {
    let id = group.group_id.clone().filter(|id| is_id(GROUP, id)).ok_or_else(|| nonsense("a security group's id"))?;
    let name = group.group_name.clone().unwrap_or_default();
    let id = Place { region: region.clone(), id }.to_string();
    Ok(Resource { kind: ResourceKind::Firewall, id, name, created_at: None, kept: false })
}

pub(crate) fn key_resource(region: &Region, key: &KeyPairInfo) -> Result<Resource> {
    let id = key.key_pair_id.clone().filter(|id| is_id(KEY, id)).ok_or_else(|| nonsense("a key pair's id"))?;
    let (name, created_at) = (key.key_name.clone().unwrap_or_default(), key.create_time.as_ref().and_then(timestamp));
    let id = Place { region: region.clone(), id }.to_string();
    Ok(Resource { kind: ResourceKind::SshKey, id, name, created_at, kept: false })
}

pub(crate) fn word<T>(parsed: Result<T>) -> Result<T> {
    parsed.map_err(|error| nonsense(error.field().unwrap_or("a word").to_owned()))
}

pub(crate) fn nonsense(what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Unexpected, format!("the provider's answer holds {what} that makes no sense"))
}

/// What ids begin with.
pub(crate) const HOST: &str = "i";
pub(crate) const GROUP: &str = "sg";
pub(crate) const KEY: &str = "key";

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{InstanceState, InstanceStateName, StateReason};
    use proptest::prelude::*;

    use super::*;

    fn instance(state: &str) -> Instance {
        let state = InstanceState::builder().name(InstanceStateName::from(state)).build();
        let id = "i-0123456789abcdef0";
        Instance::builder().instance_id(id).instance_type("t3.small".into()).state(state).build()
    }

    #[test]
    fn every_documented_state_is_known() {
        for word in ["pending", "running", "shutting-down", "terminated", "stopping", "stopped"] {
            assert!(!matches!(state(&instance(word)), HostState::Unknown(_)), "{word}");
        }
        assert_eq!(state(&instance("dreaming")), HostState::Unknown("dreaming".to_owned()));
        assert_eq!(state(&Instance::builder().build()), HostState::Unknown(String::new()));
    }

    #[test]
    fn an_id_names_its_place_and_comes_back_as_it_was() {
        let id = "eu-west-1/i-0123456789abcdef0";
        assert_eq!(Place::read("i", id).unwrap().to_string(), id);
        assert!(Place::read("i", "eu-west-1/i-1a2b3c4d").is_ok(), "the form of long ago");
        let good = "i-0123456789abcdef0";
        let wrong =
            [good.to_owned(), format!("EU/{good}"), format!("a.b/{good}"), format!("a/{good}/2"), format!("/{good}")];
        let other =
            ["", "eu-west-1/", "eu-west-1/i-", "eu-west-1/vol-0123456789abcdef0", "eu-west-1/i-0123456789abcdef"];
        for id in wrong.iter().map(String::as_str).chain(other) {
            assert_eq!(Place::read("i", id).unwrap_err().kind(), ErrorKind::NotFound, "{id}");
        }
    }

    #[test]
    fn a_host_that_is_not_ours_has_a_name_all_the_same() {
        let region = Region::new("eu-west-1").unwrap();
        let host = host(&region, &instance("running")).unwrap();
        assert_eq!((host.name.as_str(), host.owner), ("i-0123456789abcdef0", None));
    }

    #[test]
    fn a_host_that_has_ended_is_gone_and_says_why() {
        let reason = StateReason::builder().code("c").message("No room\nleft").build();
        let mut gone = instance("terminated");
        gone.state_reason = Some(reason);
        let place = Place::read("i", "eu-west-1/i-0123456789abcdef0").unwrap();
        let error = ended(&place, &gone);
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.message().contains("No room left"), "{error}");
    }

    proptest! {
        #[test]
        fn no_id_panics_and_no_read_id_leaves_its_region(text in ".*") {
            if let Ok(place) = Place::read("i", &text) {
                prop_assert!(!place.region.as_str().contains(['.', '/', ':', '@']));
                prop_assert_eq!(place.to_string(), text);
            }
        }
    }
}
