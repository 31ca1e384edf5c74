//! Hosts and what is asked for when one is made.

use jiff::Timestamp;
use serde::Serialize;

use super::{Kind, Labels, Record, secret::Secret};

/// A virtual machine.
#[derive(Debug, Clone, Serialize)]
pub struct Host {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// What it does at present.
    pub state: HostState,
    /// When it was asked for.
    pub created: Timestamp,
    /// The name of its machine type.
    pub machine: String,
    /// The image it was made from; the image may be gone by now.
    pub image: u64,
    /// Where it is.
    pub region: String,
    /// The zone inside the region.
    pub zone: String,
    /// On demand or spot.
    pub market: Market,
    /// Boot disk size in GB.
    pub boot_disk_gb: u64,
    /// Labels.
    pub labels: Labels,
    /// First-boot data.
    pub user_data: Option<Secret>,
    /// SSH keys put on it when it was made.
    pub ssh_keys: Vec<u64>,
    /// Firewalls that filter its traffic.
    pub firewalls: Vec<u64>,
    /// Attached volumes.
    pub volumes: Vec<u64>,
    /// Its public IPv4 address.
    pub ipv4: Option<u64>,
    /// Its public IPv6 network.
    pub ipv6: Option<u64>,
    /// What must not be done to it.
    pub protection: HostProtection,
    /// Whether the next boot goes to a rescue system.
    pub rescue: bool,
    /// The daily backup window, where backups are on.
    pub backup_window: Option<String>,
    /// What the serial console printed.
    pub console: Vec<String>,
    /// Actions that run on it; it is locked while there is one.
    pub busy: Vec<u64>,
}

impl Host {
    /// Whether an action runs on the host, so that most others are refused.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        !self.busy.is_empty()
    }
}

impl Record for Host {
    const KIND: Kind = Kind::Host;

    fn id(&self) -> u64 {
        self.id
    }

    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn rename(&mut self, name: String) {
        self.name = name;
    }
}

/// What a host does at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HostState {
    /// Being made.
    Initializing,
    /// Booting.
    Starting,
    /// Powered on.
    Running,
    /// Shutting down.
    Stopping,
    /// Powered off.
    Off,
    /// Being deleted.
    Deleting,
    /// Its boot disk is being written anew from an image.
    Rebuilding,
    /// Being resized or moved.
    Migrating,
    /// Suspended to disk or memory.
    Suspended,
    /// A spot host that was taken away.
    Preempted,
    /// Its creation or a later action failed for good.
    Failed,
}

impl HostState {
    /// Whether the host is powered on and up.
    #[must_use]
    pub fn is_running(self) -> bool {
        self == Self::Running
    }
}

/// How a host is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Market {
    /// Kept until it is deleted.
    #[default]
    OnDemand,
    /// Cheaper, and may be taken away.
    Spot,
}

/// What must not be done to a host before the mark is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct HostProtection {
    /// Deleting it is refused.
    pub delete: bool,
    /// Rebuilding it is refused.
    pub rebuild: bool,
}

/// Which public address of one version a new host gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddressChoice {
    /// None.
    None,
    /// A fresh one, which goes when the host goes.
    #[default]
    Fresh,
    /// The free address with this id.
    Existing(u64),
}

/// What is asked for when a host is made.
#[derive(Debug, Clone)]
pub struct HostRequest {
    /// Its name.
    pub name: String,
    /// The name of a machine type of the catalog.
    pub machine: String,
    /// An image's id.
    pub image: u64,
    /// The name of a region of the catalog.
    pub region: String,
    /// A zone of that region; `None` takes the first that has room.
    pub zone: Option<String>,
    /// On demand or spot.
    pub market: Market,
    /// Boot disk size in GB; `None` takes the machine type's.
    pub boot_disk_gb: Option<u64>,
    /// Labels.
    pub labels: Labels,
    /// First-boot data.
    pub user_data: Option<Secret>,
    /// SSH keys to put on it.
    pub ssh_keys: Vec<u64>,
    /// Firewalls to apply.
    pub firewalls: Vec<u64>,
    /// Volumes to attach; they must be free and in the same region.
    pub volumes: Vec<u64>,
    /// The public IPv4 address.
    pub ipv4: AddressChoice,
    /// The public IPv6 network.
    pub ipv6: AddressChoice,
    /// Whether it is booted once made.
    pub start: bool,
}

impl HostRequest {
    /// A host on demand with fresh addresses of both versions, started once made.
    pub fn new(name: impl Into<String>, machine: impl Into<String>, image: u64, region: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            machine: machine.into(),
            image,
            region: region.into(),
            zone: None,
            market: Market::OnDemand,
            boot_disk_gb: None,
            labels: Labels::new(),
            user_data: None,
            ssh_keys: Vec::new(),
            firewalls: Vec::new(),
            volumes: Vec::new(),
            ipv4: AddressChoice::Fresh,
            ipv6: AddressChoice::Fresh,
            start: true,
        }
    }
}
