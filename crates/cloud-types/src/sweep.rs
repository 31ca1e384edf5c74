//! All that an owner has at a provider: for proving that nothing is left, and for cleaning up after a crash.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{Error, Result};

/// The ability to list and delete all that carries the owner's mark, hosts and what goes with them.
#[async_trait]
pub trait Sweep: Send + Sync {
    /// Lists all that this owner has, in the order in which it can be deleted.
    ///
    /// # Contract
    /// - What no host uses any more is in it too: keys, firewalls, volumes (`nothing_is_left_after_a_sweep`).
    ///
    /// # Errors
    /// What every call can meet.
    async fn list_resources(&self) -> Result<Vec<Resource>>;

    /// Deletes one of them; one that is not there is success.
    ///
    /// # Errors
    /// `Conflict` (something still uses it), and what every call can meet.
    async fn delete_resource(&self, resource: &Resource) -> Result<()>;
}

/// Something that an owner has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Resource {
    /// What it is.
    pub kind: ResourceKind,
    /// The provider's id.
    pub id: String,
    /// Its name, or what stands for one.
    pub name: String,
    /// When it was created, where the provider says so.
    pub created_at: Option<Timestamp>,
    /// Whether it is a data disk that was marked to outlive its host.
    pub kept: bool,
}

/// What something is that an owner has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ResourceKind {
    /// A host.
    Host,
    /// A volume or data disk.
    Volume,
    /// A snapshot.
    Snapshot,
    /// A reserved address.
    Address,
    /// A firewall or security group.
    Firewall,
    /// An SSH key.
    SshKey,
    /// A network interface.
    NetworkInterface,
}

impl std::fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Host => "host",
            Self::Volume => "volume",
            Self::Snapshot => "snapshot",
            Self::Address => "address",
            Self::Firewall => "firewall",
            Self::SshKey => "SSH key",
            Self::NetworkInterface => "network interface",
        })
    }
}

/// What a sweep did.
#[derive(Debug, Default)]
pub struct SweepReport {
    /// What it deleted.
    pub deleted: Vec<Resource>,
    /// What it left because the caller said so.
    pub spared: Vec<Resource>,
    /// What it could not delete, and why.
    pub failed: Vec<(Resource, Error)>,
}
