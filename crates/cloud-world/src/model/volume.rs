//! Volumes: disks that live apart from hosts.

use jiff::Timestamp;
use serde::Serialize;

use super::{Kind, Labels, Record};

/// A network disk.
#[derive(Debug, Clone, Serialize)]
pub struct Volume {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Size in GB.
    pub size_gb: u64,
    /// Where it is; it can only be attached to hosts of the same region.
    pub region: String,
    /// The zone inside the region, where volumes belong to one.
    pub zone: Option<String>,
    /// The host it is attached to.
    pub host: Option<u64>,
    /// Whether its host boots from it.
    pub boot: bool,
    /// Whether it goes when its host goes.
    pub auto_delete: bool,
    /// The image it was made from; the image may be gone by now.
    pub image: Option<u64>,
    /// Whether it can be used yet.
    pub status: VolumeStatus,
    /// The file system it was formatted with, such as `ext4`.
    pub format: Option<String>,
    /// Labels.
    pub labels: Labels,
    /// Whether deleting it is refused.
    pub protected: bool,
    /// When it was asked for.
    pub created: Timestamp,
    /// Actions that run on it.
    pub busy: Vec<u64>,
}

impl Record for Volume {
    const KIND: Kind = Kind::Volume;

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

/// Whether a volume can be used yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VolumeStatus {
    /// Being made.
    Creating,
    /// Ready.
    Available,
}

/// What is asked for when a volume is made.
#[derive(Debug, Clone)]
pub struct VolumeRequest {
    /// Its name.
    pub name: String,
    /// Size in GB.
    pub size_gb: u64,
    /// Where it is made.
    pub region: String,
    /// The host it is attached to once made; that host's region must be `region`.
    pub host: Option<u64>,
    /// The file system to format it with.
    pub format: Option<String>,
    /// Labels.
    pub labels: Labels,
}

/// What is asked for when a disk is made together with its host.
#[derive(Debug, Clone)]
pub struct DiskRequest {
    /// Its name.
    pub name: String,
    /// Size in GB.
    pub size_gb: u64,
    /// Whether the host boots from it.
    pub boot: bool,
    /// Whether it goes when the host goes.
    pub auto_delete: bool,
    /// The image it is made from.
    pub image: Option<u64>,
    /// Labels.
    pub labels: Labels,
}
