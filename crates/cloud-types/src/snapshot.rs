//! Snapshots: copies of a host's boot disk that outlive it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{GiB, HostId, Name, Owner, ProviderId, Result, SnapshotId};

/// The ability to copy a host's boot disk, and to boot hosts from the copy by [`Image::Snapshot`](crate::Image::Snapshot).
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// Takes a snapshot; returns as soon as the provider has an id. Stop the host first for a consistent copy.
    ///
    /// # Contract
    /// - (owner, name) identifies it: the same name of the same host again gives the same snapshot, also after a lost
    ///   answer (`snapshotting_twice_gives_one_snapshot`).
    ///
    /// # Errors
    /// `AlreadyExists` (the name is taken by a snapshot of another host), `NotFound` (the host), `Conflict`,
    /// `QuotaExceeded`, and what every call can meet.
    async fn create_snapshot(&self, host: &HostId, name: &Name) -> Result<Snapshot>;

    /// Reads a snapshot.
    ///
    /// # Errors
    /// `NotFound`, and what every call can meet.
    async fn get_snapshot(&self, id: &SnapshotId) -> Result<Snapshot>;

    /// Lists all snapshots of this owner.
    ///
    /// # Errors
    /// What every call can meet.
    async fn list_snapshots(&self) -> Result<Vec<Snapshot>>;

    /// Deletes a snapshot; one that is not there is success.
    ///
    /// # Errors
    /// `Conflict` (in use), `PermissionDenied` (protected), and what every call can meet.
    async fn delete_snapshot(&self, id: &SnapshotId) -> Result<()>;
}

/// A snapshot as it was when the provider was asked.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Snapshot {
    /// Who keeps it.
    pub provider: ProviderId,
    /// How to find it again.
    pub id: SnapshotId,
    /// Its name, where this library gave it one.
    pub name: Option<String>,
    /// Who it belongs to, where this library made it.
    pub owner: Option<Owner>,
    /// Whether it can be used.
    pub state: SnapshotState,
    /// What is billed, where known yet.
    pub size: Option<GiB>,
    /// The smallest boot disk that it can be restored to.
    pub disk_size: Option<GiB>,
    /// The host it was taken from, where known.
    pub host: Option<HostId>,
    /// When it was taken.
    pub created_at: Option<Timestamp>,
    /// The caller's own labels.
    pub labels: BTreeMap<String, String>,
}

/// Whether a snapshot can be used.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum SnapshotState {
    /// Being copied.
    Creating,
    /// Ready to boot from.
    Available,
    /// Broken; delete it.
    Failed,
    /// A word that this library does not know, as the provider wrote it.
    Unknown(String),
}
