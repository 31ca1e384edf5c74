//! Images: stock ones, snapshots and backups.

use jiff::Timestamp;
use serde::Serialize;

use super::{Architecture, Kind, Labels, Record};

/// What a boot disk is made from.
#[derive(Debug, Clone, Serialize)]
pub struct Image {
    /// Its id.
    pub id: u64,
    /// Stock image, snapshot or backup.
    pub kind: ImageKind,
    /// Its name; where names of snapshots are not used, `None`.
    pub name: Option<String>,
    /// A text for people.
    pub description: String,
    /// Whether it can be used yet.
    pub status: ImageStatus,
    /// The instruction set it runs on.
    pub architecture: Architecture,
    /// The family of the system, such as `ubuntu`.
    pub os: String,
    /// The version of the system, such as `24.04`.
    pub os_version: Option<String>,
    /// The size it is billed with, in hundredths of a GB; unknown while it is made.
    pub size_centi_gb: Option<u64>,
    /// The boot disk size it needs, in GB.
    pub disk_gb: u64,
    /// The host it was made from: id and the name of that time.
    pub created_from: Option<(u64, String)>,
    /// The host whose deletion deletes this image (a backup).
    pub bound_to: Option<u64>,
    /// Labels.
    pub labels: Labels,
    /// Whether deleting it is refused.
    pub protected: bool,
    /// Since when it should not be used for new hosts.
    pub deprecated: Option<Timestamp>,
    /// When it was asked for.
    pub created: Timestamp,
}

impl Record for Image {
    const KIND: Kind = Kind::Image;

    fn id(&self) -> u64 {
        self.id
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn rename(&mut self, name: String) {
        self.name = Some(name);
    }
}

/// What sort of image it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageKind {
    /// Offered by the provider.
    Stock,
    /// Made from a host by its owner; outlives the host.
    Snapshot,
    /// Made from a host by its owner or the provider; goes with the host.
    Backup,
}

/// Whether an image can be used yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageStatus {
    /// Being made.
    Creating,
    /// Ready.
    Available,
}
