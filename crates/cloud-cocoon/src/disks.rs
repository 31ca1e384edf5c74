//! Volumes as they are kept: a record and a disk each, on a shelf of this box, that stay when a host goes.
//!
//! Which VM has one is said by that VM's record alone; so a VM that is removed lets go of all it had. Nobody attaches a
//! volume, or makes a host with one, without holding the volumes' shelf: that one VM has it at most is looked at, and
//! written, at once. Who needs a VM's lock too takes that one first.

use std::collections::{BTreeMap, HashMap};

use cloud_types::{Error, ErrorKind, GiB, Name, Owner, Region, Result, Volume, VolumeId};
use cocoon::{Cocoon, HeldShelf, RecordVersion, Shelf, VmId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ID, convert};

/// What is written down of a volume.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct VolumeRecord {
    version: RecordVersion,
    pub(crate) id: VmId,
    pub(crate) name: String,
    pub(crate) owner: Owner,
    pub(crate) size: GiB,
    pub(crate) created_at: Timestamp,
    /// The host that it came with, where it did.
    pub(crate) data_disk: Option<DataDiskOf>,
}

/// The host that a data disk came with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DataDiskOf {
    /// The name of the host's VM, which a later host of the same name bears too.
    pub(crate) vm: Name,
    /// Whether it stays when that goes.
    pub(crate) keep: bool,
}

/// Which VM has which volume.
pub(crate) type Users = HashMap<VmId, (Name, VmId)>;

impl VolumeRecord {
    /// The volume in the contract's words.
    pub(crate) fn volume(&self, region: &Region, users: &Users) -> Volume {
        Volume {
            provider: ID,
            id: VolumeId::new(self.id.as_str()),
            name: self.name.clone(),
            owner: Some(self.owner.clone()),
            region: region.clone(),
            zone: None,
            size: self.size,
            host: users.get(&self.id).map(|(name, id)| convert::host_id(name, id)),
            device: Some(format!("/dev/disk/by-id/virtio-{}", self.id)),
            created_at: Some(self.created_at),
            labels: BTreeMap::new(),
        }
    }

    /// Whether it goes with the host that it came with.
    pub(crate) fn goes_with_host(&self) -> bool {
        self.data_disk.as_ref().is_some_and(|of| !of.keep)
    }
}

/// The volumes of this box, and those of one owner.
pub(crate) struct Disks {
    cocoon: Cocoon,
    owner: Owner,
}

impl Disks {
    pub(crate) fn new(cocoon: Cocoon, owner: Owner) -> Self {
        Self { cocoon, owner }
    }

    pub(crate) fn shelf(&self) -> Shelf {
        self.cocoon.shelf("volumes")
    }

    /// This owner's volumes, by name.
    pub(crate) async fn own(&self) -> Result<Vec<VolumeRecord>> {
        let mut volumes: Vec<VolumeRecord> = self.shelf().all().await?;
        volumes.retain(|volume| volume.owner == self.owner);
        volumes.sort_by(|one, other| (&one.name, one.created_at).cmp(&(&other.name, other.created_at)));
        Ok(volumes)
    }

    /// The data disks that came with hosts whose VM has this name.
    pub(crate) async fn of_host(&self, vm: &Name) -> Result<Vec<VolumeRecord>> {
        let mut volumes: Vec<VolumeRecord> = self.shelf().all().await?;
        volumes.retain(|volume| volume.data_disk.as_ref().is_some_and(|of| of.vm == *vm));
        Ok(volumes)
    }

    /// The volume of this id, whoever's.
    ///
    /// # Errors
    /// `NotFound` without it, and for what is no id of ours.
    pub(crate) async fn find(&self, id: &VolumeId) -> Result<VolumeRecord> {
        let missing = || Error::new(ErrorKind::NotFound, format!("there is no volume {id}"));
        let parsed = VmId::try_from(id.as_str().to_owned()).map_err(|_| missing())?;
        self.shelf().read(&parsed).await?.ok_or_else(missing)
    }

    pub(crate) async fn users(&self) -> Result<Users> {
        self.cocoon.volume_users().await
    }

    /// Makes the disk, and then the record that makes it a volume.
    pub(crate) async fn make(
        &self,
        held: &HeldShelf,
        name: String,
        size: GiB,
        data_disk: Option<DataDiskOf>,
    ) -> Result<VolumeRecord> {
        let shelf = self.shelf();
        let (id, owner) = (VmId::random(), self.owner.clone());
        shelf.make_disk(held, &id, size).await?;
        let record =
            VolumeRecord { version: RecordVersion, id, name, owner, size, created_at: Timestamp::now(), data_disk };
        shelf.write(held, &record.id, &record).await?;
        Ok(record)
    }

    /// Removes a volume that no VM has.
    ///
    /// # Errors
    /// `Conflict` where one has it.
    pub(crate) async fn remove(&self, id: &VmId, purpose: &str) -> Result<()> {
        let shelf = self.shelf();
        let held = shelf.hold(purpose).await?;
        match self.users().await?.get(id) {
            Some((name, _)) => {
                Err(Error::new(ErrorKind::Conflict, format!("volume {id} is at {name}: detach it first")))
            }
            None => shelf.remove(&held, id).await,
        }
    }
}
