//! What is metered: one host, volume, snapshot or address, and what is known of whose it is.

use std::collections::BTreeMap;
use std::fmt;

use cloud_types::{HostId, HostRuntime, Owner, ProviderId, Snapshot, SnapshotId, Volume, VolumeId};
use serde::{Deserialize, Serialize};

/// One thing that costs money from its creation to its deletion. An id never names a second thing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    /// Who bills it.
    pub provider: ProviderId,
    /// What it is.
    pub kind: SubjectKind,
    /// The provider's id of it.
    pub id: String,
}

/// What a subject is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SubjectKind {
    /// A host, with the disks and addresses that are in its estimate.
    Host,
    /// A volume that is billed apart from hosts.
    Volume,
    /// A snapshot.
    Snapshot,
    /// A reserved address.
    Address,
}

/// What bills are asked by: owner, labels and host of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tags {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// The host that it came from or is for; it may outlive that host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostId>,
    /// The caller's own labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

impl Subject {
    /// A host.
    #[must_use]
    pub fn host(provider: &ProviderId, id: &HostId) -> Self {
        Self::new(provider, SubjectKind::Host, id.as_str())
    }

    /// A volume.
    #[must_use]
    pub fn volume(provider: &ProviderId, id: &VolumeId) -> Self {
        Self::new(provider, SubjectKind::Volume, id.as_str())
    }

    /// A snapshot.
    #[must_use]
    pub fn snapshot(provider: &ProviderId, id: &SnapshotId) -> Self {
        Self::new(provider, SubjectKind::Snapshot, id.as_str())
    }

    /// A reserved address, by the provider's id of it.
    #[must_use]
    pub fn address(provider: &ProviderId, id: &str) -> Self {
        Self::new(provider, SubjectKind::Address, id)
    }

    fn new(provider: &ProviderId, kind: SubjectKind, id: &str) -> Self {
        Self { provider: provider.clone(), kind, id: id.to_owned() }
    }

    /// Whether this is that host, at whichever provider.
    #[must_use]
    pub fn is_host(&self, id: &HostId) -> bool {
        self.kind == SubjectKind::Host && self.id == id.as_str()
    }
}

impl Tags {
    /// What a host says of itself.
    #[must_use]
    pub fn of_host(host: &HostRuntime) -> Self {
        Self {
            name: Some(host.name.clone()),
            owner: host.owner.clone(),
            host: Some(host.id.clone()),
            labels: host.labels.clone(),
        }
    }

    /// What a snapshot says of itself.
    #[must_use]
    pub fn of_snapshot(snapshot: &Snapshot) -> Self {
        Self {
            name: snapshot.name.clone(),
            owner: snapshot.owner.clone(),
            host: snapshot.host.clone(),
            labels: snapshot.labels.clone(),
        }
    }

    /// What a volume says of itself.
    #[must_use]
    pub fn of_volume(volume: &Volume) -> Self {
        Self {
            name: Some(volume.name.clone()),
            owner: volume.owner.clone(),
            host: volume.host.clone(),
            labels: volume.labels.clone(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.provider, self.kind, self.id)
    }
}

impl fmt::Display for SubjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Host => "host",
            Self::Volume => "volume",
            Self::Snapshot => "snapshot",
            Self::Address => "address",
        })
    }
}
