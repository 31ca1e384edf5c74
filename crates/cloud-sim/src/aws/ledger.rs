//! What the face knows beyond the world: where things are that the world has in no region, tokens,
//! ended instances, and those settings that the world has no word for.

use std::collections::{BTreeMap, HashMap};

use cloud_world::{Host, Labels};
use jiff::Timestamp;

use super::group_rules::Rule;
use super::places::Place;

/// The books of one simulator. Entries of deleted things stay: answers about the past name them.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) instances: BTreeMap<u64, Instance>,
    /// Instances by region and client token.
    pub(super) tokens: HashMap<(Place, String), Launch>,
    pub(super) volumes: BTreeMap<u64, Volume>,
    /// What was sent and the volume, by region and client token.
    pub(super) volume_tokens: HashMap<(Place, String), (u64, u64)>,
    pub(super) images: BTreeMap<u64, Image>,
    pub(super) snapshots: BTreeMap<u64, Snapshot>,
    pub(super) keys: BTreeMap<u64, Key>,
    /// Security groups, the default ones among them.
    pub(super) groups: BTreeMap<u64, Group>,
    pub(super) addresses: BTreeMap<u64, Address>,
    last_number: u64,
}

impl Ledger {
    pub(super) fn new(groups: BTreeMap<u64, Group>) -> Self {
        Self { groups, ..Self::default() }
    }

    /// A number for things that the world has no word for.
    pub(super) fn fresh_number(&mut self) -> u64 {
        self.last_number += 1;
        FIRST_NUMBER + self.last_number
    }
}

/// What a token stands for.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    /// The hash of its parameters.
    pub(super) sent: u64,
    pub(super) hosts: Vec<u64>,
}

/// The settings of an instance.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    pub(super) place: Place,
    pub(super) reservation: u64,
    pub(super) client_token: Option<String>,
    pub(super) groups: Vec<u64>,
    pub(super) key_name: Option<String>,
    pub(super) wants_public_ip: bool,
    pub(super) root_device: &'static str,
    pub(super) metadata: Metadata,
    pub(super) shutdown_behavior: String,
    pub(super) profile: Option<String>,
    pub(super) monitored: bool,
    pub(super) interface_tags: Labels,
    pub(super) spot: Option<SpotRequest>,
    pub(super) last_start: Timestamp,
    pub(super) state_reason: Option<(String, String)>,
    pub(super) transition: String,
    /// The instance as it was last, and the moment it ended.
    pub(super) last: Host,
    pub(super) ended: Option<Timestamp>,
}

/// How the instance reaches its metadata.
#[derive(Debug, Clone)]
pub(super) struct Metadata {
    pub(super) tokens: String,
    pub(super) hop_limit: u64,
    pub(super) endpoint: String,
    pub(super) tags: String,
}

/// A request for a spot instance, which was fulfilled with it.
#[derive(Debug, Clone)]
pub(super) struct SpotRequest {
    pub(super) number: u64,
    pub(super) max_price: Option<String>,
    pub(super) kind: String,
    pub(super) interruption: String,
    pub(super) tags: Labels,
    pub(super) cancelled: bool,
}

/// The settings of a volume.
#[derive(Debug, Clone)]
pub(super) struct Volume {
    pub(super) place: Place,
    pub(super) class: String,
    pub(super) iops: Option<u64>,
    pub(super) throughput: Option<u64>,
    pub(super) encrypted: bool,
    pub(super) snapshot: Option<u64>,
    /// The name its instance knows it by, and since when.
    pub(super) device: Option<(String, Timestamp)>,
    pub(super) modifications: Vec<Modification>,
}

/// A change of a volume: what it was and is to be, and when it goes from one state to the next.
#[derive(Debug, Clone)]
pub(super) struct Modification {
    pub(super) before: VolumeShape,
    pub(super) after: VolumeShape,
    pub(super) started: Timestamp,
    /// Since when the new size can be used.
    pub(super) usable: Timestamp,
    pub(super) completed: Timestamp,
}

/// What of a volume can be modified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VolumeShape {
    pub(super) size_gb: u64,
    pub(super) class: String,
    pub(super) iops: Option<u64>,
    pub(super) throughput: Option<u64>,
}

/// The settings of an image of one's own.
#[derive(Debug, Clone)]
pub(super) struct Image {
    pub(super) place: Place,
    pub(super) source: u64,
    pub(super) root_device: &'static str,
    /// Its disks: device, snapshot, size, and whether they go with an instance.
    pub(super) disks: Vec<(String, u64, u64, bool)>,
}

/// The settings of a snapshot.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) place: Place,
    pub(super) volume: u64,
    pub(super) encrypted: bool,
}

/// The settings of a key pair.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) place: Place,
    pub(super) kind: &'static str,
}

/// A security group.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) tags: Labels,
    pub(super) rules: Vec<Rule>,
}

/// The settings of an Elastic IP.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) place: Place,
    pub(super) association: u64,
}

/// Apart from the numbers of the world and of the catalog.
const FIRST_NUMBER: u64 = 1 << 40;
