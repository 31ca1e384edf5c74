//! What was read of Google's things, in our words; `convert` makes it.

use std::collections::BTreeMap;

use cloud_types::{Error, GiB, HostRuntime, HostState, Owner, Pricing, Result, ownership};
use jiff::Timestamp;

use crate::place::{Place, Scope};

pub(crate) type Labels = BTreeMap<String, String>;

/// An instance: the host, and what the contract has no word for.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// With the number.
    pub(crate) place: Place,
    pub(crate) state: HostState,
    /// Google has not found room for it yet.
    pub(crate) is_provisioning: bool,
    pub(crate) is_suspending: bool,
    /// All labels, also the workspace's own.
    pub(crate) labels: Labels,
    pub(crate) disks: Vec<Attached>,
    pub(crate) pricing: Pricing,
    pub(crate) created: Option<Timestamp>,
    /// When it was started and stopped last.
    pub(crate) started: Option<Timestamp>,
    pub(crate) stopped: Option<Timestamp>,
    /// The host, where all of its words make sense.
    pub(crate) host: Result<HostRuntime>,
}

/// A disk as its instance has it.
#[derive(Debug, Clone)]
pub(crate) struct Attached {
    /// The address of the disk.
    pub(crate) source: String,
    pub(crate) name: String,
    pub(crate) device: String,
    pub(crate) boot: bool,
    pub(crate) auto_delete: bool,
}

/// A persistent disk.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    pub(crate) place: Place,
    /// Its path, as requests take it.
    pub(crate) path: String,
    pub(crate) size: Result<GiB>,
    /// Its disk type, such as `pd-ssd`.
    pub(crate) kind: String,
    pub(crate) is_leaving: bool,
    /// The instances that it is attached to.
    pub(crate) users: Vec<Place>,
    pub(crate) labels: Labels,
    pub(crate) fingerprint: String,
    pub(crate) created: Option<Timestamp>,
}

/// A reserved address.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) id: String,
    pub(crate) region: String,
    pub(crate) name: String,
    /// Empty while it is being reserved.
    pub(crate) ip: String,
    pub(crate) tier: Option<String>,
    /// Whose it is; `None` where this library did not make it.
    pub(crate) owner: Option<String>,
    /// The addresses of what uses it.
    pub(crate) users: Vec<String>,
}

/// An operation that was begun.
#[derive(Debug, Clone)]
pub(crate) struct Begun {
    pub(crate) scope: Scope,
    pub(crate) name: String,
    pub(crate) kind: String,
    /// The number of what it works on: of this very incarnation, not of the next of the same name.
    pub(crate) target: Option<String>,
    pub(crate) since: Option<Timestamp>,
    /// How it ended, if it has.
    pub(crate) ended: Option<Result<()>>,
}

impl Seen {
    pub(crate) fn number(&self) -> &str {
        self.place.number.as_deref().unwrap_or_default()
    }

    /// A label that this library put on it.
    pub(crate) fn own_label(&self, key: &str) -> Option<&str> {
        ownership::owner_of(&self.labels)?;
        self.labels.get(key).map(String::as_str)
    }
}

impl Address {
    pub(crate) fn is_of(&self, owner: &Owner) -> bool {
        self.owner.as_deref() == Some(owner.as_str())
    }

    /// Whether an error names the address. What it is called by differs: an IP that is taken, a resource that is not ready.
    pub(crate) fn is_in(&self, error: &Error) -> bool {
        [&self.ip, &self.name].into_iter().any(|word| error.message().contains(word.as_str()))
    }
}

impl Begun {
    /// What was refused at once.
    pub(crate) fn accepted(&self) -> Result<()> {
        match &self.ended {
            Some(Err(error)) => Err(error.clone()),
            _ => Ok(()),
        }
    }
}
