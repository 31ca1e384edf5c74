//! EC2's words into ours and back: pure, and with [`client`](crate::client) and [`error`](crate::error) the only files that
//! know them.

mod body;
mod catalog;
mod price;
mod sold;
mod storage;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

use aws_sdk_ec2::primitives::DateTime;
use aws_sdk_ec2::types::{Instance, InstanceLifecycleType, KeyPairInfo, SecurityGroup, Tag};
use cloud_driver::{Candidate, nonsense, one_line, word};
use cloud_types::{
    Addresses, Error, ErrorKind, HostId, HostRuntime, HostState, MachineTypeName, Pricing, Region, Resource,
    ResourceKind, Result, SshKey, SshKeyId, Zone, ownership,
};
use jiff::Timestamp;

use crate::labels;

pub(crate) use body::{
    RuleSet, allow, create_group, create_image, create_key, create_tags, create_volume, rule_set, run_instance,
};
pub(crate) use catalog::{architecture_word, region_words, subnet, zones};
pub(crate) use price::PriceList;
pub(crate) use sold::{RegionSold, Sold, SpotPrices};
pub(crate) use storage::{Ami, Disk, DiskState, Part, ami, disk, growth, part};

pub(crate) type Labels = BTreeMap<String, String>;

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

    /// Something else in the same region.
    pub(crate) fn beside(&self, id: impl Into<String>) -> Self {
        Self { region: self.region.clone(), id: id.into() }
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

/// An instance: the host, and what the contract has no word for.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) place: Place,
    pub(crate) host: HostRuntime,
    /// All tags, also the workspace's own.
    pub(crate) labels: Labels,
    pub(crate) pricing: Pricing,
    /// It is gone for good, and only its memory is shown, for about an hour.
    pub(crate) ended: bool,
    /// The code and the words of why it is in its state.
    reason: (String, String),
    /// The name of its key pair.
    pub(crate) key: Option<String>,
    /// The ids of its security groups that are named as ours are.
    pub(crate) groups: BTreeSet<String>,
    pub(crate) root_device: Option<String>,
    /// The devices of all of its disks.
    pub(crate) devices: Vec<String>,
    /// The ids of the disks that do not go with it.
    pub(crate) staying_disks: Vec<String>,
    /// When it was started last.
    pub(crate) launched: Option<Timestamp>,
}

/// An instance of a region. An address or a word that makes no sense is an error, not a guess.
pub(crate) fn seen(region: &Region, instance: Instance) -> Result<Seen> {
    let place = Place::of(region, &instance)?;
    let labels = tags(instance.tags.as_deref());
    let name = labels.get(ownership::NAME).or_else(|| labels.get(labels::NAME)).unwrap_or(&place.id).clone();
    let machine = instance.instance_type.as_ref().map_or("", |kind| kind.as_str());
    let machine = word(MachineTypeName::new(machine))?;
    let mut host = HostRuntime::new(crate::ID, place.host_id(), name, state(&instance), region.clone(), machine);
    let zone = instance.placement.as_ref().and_then(|placement| placement.availability_zone.as_deref());
    host.zone = zone.map(|zone| word(Zone::new(zone))).transpose()?;
    host.owner = ownership::owner_of(&labels);
    host.addresses = addresses(&instance)?;
    host.ssh_user = labels.get(labels::SSH_USER).cloned().unwrap_or_else(|| "ec2-user".to_owned());
    host.image = instance.image_id.clone();
    host.created_at = created_at(&instance);
    host.labels = ownership::user_labels(&labels);
    host.labels.remove(labels::NAME);
    let state = instance.state.as_ref().and_then(|state| state.name.as_ref());
    let reason = instance.state_reason;
    let interfaces = instance.network_interfaces.iter().flatten();
    let groups = instance.security_groups.iter().chain(interfaces.filter_map(|one| one.groups.as_ref())).flatten();
    let ours = groups.filter(|group| group.group_name.as_deref().is_some_and(|name| name.starts_with("cloud-")));
    let groups = ours.filter_map(|group| group.group_id.clone()).collect();
    let mappings = instance.block_device_mappings.unwrap_or_default();
    let disks = mappings.iter().filter_map(|mapping| mapping.ebs.as_ref());
    let staying = disks.filter(|ebs| ebs.delete_on_termination == Some(false));
    let spot = instance.instance_lifecycle == Some(InstanceLifecycleType::Spot);
    Ok(Seen {
        ended: state.is_some_and(|name| name.as_str() == "terminated"),
        reason: reason.map_or_else(Default::default, |reason| {
            (reason.code.unwrap_or_default(), reason.message.unwrap_or_default())
        }),
        pricing: if spot { Pricing::Spot } else { Pricing::OnDemand },
        key: instance.key_name,
        groups,
        root_device: instance.root_device_name,
        staying_disks: staying.filter_map(|ebs| ebs.volume_id.clone()).collect(),
        devices: mappings.into_iter().filter_map(|mapping| mapping.device_name).collect(),
        launched: instance.launch_time.as_ref().and_then(timestamp),
        place,
        host,
        labels,
    })
}

impl Seen {
    pub(crate) fn is_leaving(&self) -> bool {
        self.host.state == HostState::Deleting
    }

    /// The error for a host that has ended: it is gone.
    pub(crate) fn gone(&self) -> Error {
        let why = match self.reason.1.as_str() {
            "" => String::new(),
            reason => format!(" ({})", one_line(reason)),
        };
        Error::new(ErrorKind::NotFound, format!("host {} is gone{why}", self.place))
    }

    /// Whether AWS took a spot host back
    /// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StateReason.html>).
    pub(crate) fn is_preempted(&self) -> bool {
        matches!(self.reason.0.as_str(), "Server.SpotInstanceTermination" | "Server.SpotInstanceShutdown")
    }

    /// The error for a host that AWS ended while nobody wanted it so; `None` where somebody did.
    pub(crate) fn given_up(&self) -> Option<Error> {
        crate::error::of_reason(&self.reason.0, &self.reason.1)
    }

    pub(crate) fn resource(self) -> Resource {
        let HostRuntime { id, name, created_at, .. } = self.host;
        Resource { kind: ResourceKind::Host, id: id.to_string(), name, created_at, kept: false }
    }
}

impl From<Seen> for Candidate<Seen> {
    fn from(seen: Seen) -> Self {
        let (id, labels, created) = (seen.host.id.clone(), seen.labels.clone(), seen.host.created_at);
        Self { id, labels, created, host: seen }
    }
}

/// When an instance was made: each start gives it a new launch time, but its first network interface stays.
fn created_at(instance: &Instance) -> Option<Timestamp> {
    let interfaces = instance.network_interfaces.iter().flatten();
    let attached = interfaces.filter_map(|one| one.attachment.as_ref()?.attach_time.as_ref());
    attached.chain(&instance.launch_time).filter_map(timestamp).min()
}

fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

/// The states of an instance (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html>).
fn state(instance: &Instance) -> HostState {
    let state = instance.state.as_ref().and_then(|state| state.name.as_ref());
    match state.map_or("", |name| name.as_str()) {
        "pending" => HostState::Starting,
        "running" => HostState::Running,
        "stopping" => HostState::Stopping,
        "stopped" => HostState::Stopped,
        "shutting-down" | "terminated" => HostState::Deleting,
        other => HostState::Unknown(one_line(other)),
    }
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

/// What hosts share: a security group or a key pair.
#[derive(Debug, Clone)]
pub(crate) struct Thing {
    pub(crate) kind: ResourceKind,
    pub(crate) place: Place,
    pub(crate) name: String,
    pub(crate) labels: Labels,
    pub(crate) created: Option<Timestamp>,
    public_key: Option<String>,
}

pub(crate) fn group(region: &Region, group: SecurityGroup) -> Result<Thing> {
    let labels = tags(group.tags.as_deref());
    let id = group.group_id.ok_or_else(|| nonsense("a security group's id"))?;
    let (kind, place) = (ResourceKind::Firewall, Place { region: region.clone(), id });
    let name = group.group_name.unwrap_or_default();
    Ok(Thing { kind, place, name, labels, created: None, public_key: None })
}

pub(crate) fn key(region: &Region, key: KeyPairInfo) -> Result<Thing> {
    let (labels, created) = (tags(key.tags.as_deref()), key.create_time.as_ref().and_then(timestamp));
    let id = key.key_pair_id.ok_or_else(|| nonsense("a key pair's id"))?;
    let (kind, place) = (ResourceKind::SshKey, Place { region: region.clone(), id });
    let name = key.key_name.unwrap_or_default();
    Ok(Thing { kind, place, name, labels, created, public_key: key.public_key })
}

impl Thing {
    pub(crate) fn resource(self) -> Result<Resource> {
        let prefix = if self.kind == ResourceKind::Firewall { GROUP } else { KEY };
        if !is_id(prefix, &self.place.id) {
            return Err(nonsense(format!("the id of a {}", self.kind)));
        }
        let (id, created_at) = (self.place.to_string(), self.created);
        Ok(Resource { kind: self.kind, id, name: self.name, created_at, kept: false })
    }

    /// A key pair as the key that a caller keeps.
    pub(crate) fn ssh_key(self) -> Result<SshKey> {
        let line = self.public_key.clone().ok_or_else(|| nonsense("a key pair without its public key"))?;
        let labels = self.labels.clone();
        let resource = self.resource()?;
        Ok(SshKey {
            id: SshKeyId::new(resource.id),
            name: labels.get(ownership::NAME).cloned().unwrap_or(resource.name),
            owner: ownership::owner_of(&labels),
            key: line.parse().map_err(|_| nonsense("a public key"))?,
        })
    }
}

/// The tags of something as a map.
fn tags(tags: Option<&[Tag]>) -> Labels {
    let pair = |tag: &Tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()));
    tags.unwrap_or_default().iter().filter_map(pair).collect()
}

/// What ids begin with.
pub(crate) const HOST: &str = "i";
pub(crate) const GROUP: &str = "sg";
pub(crate) const KEY: &str = "key";
pub(crate) const VOLUME: &str = "vol";
pub(crate) const IMAGE: &str = "ami";
/// Of a disk's snapshot, of which an image is made.
pub(crate) const PART: &str = "snap";

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
        let host = seen(&region, instance("running")).unwrap().host;
        assert_eq!((host.name.as_str(), host.owner), ("i-0123456789abcdef0", None));
    }

    #[test]
    fn a_host_that_has_ended_is_gone_and_says_why() {
        let reason = StateReason::builder().code("c").message("No room\nleft").build();
        let mut gone = instance("terminated");
        gone.state_reason = Some(reason);
        let gone = seen(&Region::new("eu-west-1").unwrap(), gone).unwrap();
        assert!(gone.ended);
        let error = gone.gone();
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
