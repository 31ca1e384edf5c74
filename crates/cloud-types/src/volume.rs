//! Volumes: disks that exist apart from hosts.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{DiskClass, GiB, HostId, Name, Owner, ProviderId, Region, Result, VolumeId, Zone};

/// The ability to keep disks apart from hosts.
#[async_trait]
pub trait Volumes: Send + Sync {
    /// Makes an empty, unformatted volume.
    ///
    /// # Contract
    /// - (owner, name) identifies it: the same again gives the same volume, also after a lost answer
    ///   (`creating_a_volume_twice_gives_one_volume`).
    ///
    /// # Errors
    /// `AlreadyExists` (the name is taken by a volume of another size or place), `InvalidRequest`, `NoCapacity`,
    /// `QuotaExceeded`, and what every call can meet.
    async fn create_volume(&self, spec: &VolumeSpec) -> Result<Volume>;

    /// Reads a volume.
    ///
    /// # Errors
    /// `NotFound`, and what every call can meet.
    async fn get_volume(&self, id: &VolumeId) -> Result<Volume>;

    /// Lists all volumes of this owner, data disks of hosts among them.
    ///
    /// # Errors
    /// What every call can meet.
    async fn list_volumes(&self) -> Result<Vec<Volume>>;

    /// Attaches a volume to a host in the same place; returns when it is attached. Attached there already is success.
    ///
    /// # Errors
    /// `Conflict` (attached elsewhere, or busy), `InvalidRequest` (another place), `NotFound`, and what every call can meet.
    async fn attach_volume(&self, id: &VolumeId, host: &HostId) -> Result<()>;

    /// Detaches a volume; returns when it is detached. Detached already is success.
    ///
    /// # Errors
    /// `NotFound`, `Conflict`, and what every call can meet.
    async fn detach_volume(&self, id: &VolumeId) -> Result<()>;

    /// Grows a volume; returns when it has the size. It can never shrink again. A volume of that size is left alone.
    ///
    /// # Errors
    /// `InvalidRequest` on field `size` (smaller than now, or over the limit), `NotFound`, and what every call can meet.
    async fn grow_volume(&self, id: &VolumeId, size: GiB) -> Result<()>;

    /// Deletes a detached volume; one that is not there is success.
    ///
    /// # Errors
    /// `Conflict` (attached), `PermissionDenied` (protected), and what every call can meet.
    async fn delete_volume(&self, id: &VolumeId) -> Result<()>;
}

/// The wish for a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct VolumeSpec {
    /// Its name.
    pub name: Name,
    /// Where it lives.
    pub region: Region,
    /// Which zone of the region, on a provider that has zones.
    pub zone: Option<Zone>,
    /// How large.
    pub size: GiB,
    /// How fast.
    pub class: DiskClass,
}

impl VolumeSpec {
    /// A volume of the provider's default class.
    #[must_use]
    pub fn new(name: Name, region: Region, size: GiB) -> Self {
        Self { name, region, zone: None, size, class: DiskClass::default() }
    }

    /// Places it in this zone of its region.
    #[must_use]
    pub fn zone(mut self, zone: Zone) -> Self {
        self.zone = Some(zone);
        self
    }

    /// Makes it this fast.
    #[must_use]
    pub fn class(mut self, class: DiskClass) -> Self {
        self.class = class;
        self
    }
}

/// A volume as it was when the provider was asked.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Volume {
    /// Who keeps it.
    pub provider: ProviderId,
    /// How to find it again.
    pub id: VolumeId,
    /// Its name.
    pub name: String,
    /// Who it belongs to, where this library made it.
    pub owner: Option<Owner>,
    /// Where it lives.
    pub region: Region,
    /// Its zone, on a provider that has zones.
    pub zone: Option<Zone>,
    /// How large it is.
    pub size: GiB,
    /// The host it is attached to.
    pub host: Option<HostId>,
    /// Where the host sees it, such as `/dev/disk/by-id/…`, where the provider says so.
    pub device: Option<String>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// The caller's own labels.
    pub labels: BTreeMap<String, String>,
}
