//! Volumes: disks of an owner's own, each a file below the root, that stay when a host goes.
//!
//! Which VM has one is said by that VM's record alone; so a VM that is removed lets go of all it had. Nobody attaches a
//! volume, or makes a host with one, without holding the volumes' lock: that one VM has it at most is looked at, and
//! written, at once. Who needs a VM's lock too takes that one first.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use cloud_types::{Error, ErrorKind, GiB, HostId, Name, Owner, Region, Result, Volume, VolumeId, VolumeSpec, Volumes};
use cocoon::{HeldShelf, LockedVm, RecordVersion, Shelf, VmId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{named, no_such_host};
use crate::host::{Inner, Provider};
use crate::{ID, convert};

/// What is written down of a volume: `volumes/ID.json`, beside its disk `volumes/ID.qcow2`.
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
    fn told(&self, region: &Region, users: &Users) -> Volume {
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
}

#[async_trait]
impl Volumes for Provider {
    async fn create_volume(&self, spec: &VolumeSpec) -> Result<Volume> {
        named("create_volume", self.0.create_volume(spec).await)
    }

    async fn get_volume(&self, id: &VolumeId) -> Result<Volume> {
        let read = async {
            let volume = self.0.volume(id).await?;
            Ok(volume.told(&self.0.region, &self.0.users().await?))
        };
        named("get_volume", read.await)
    }

    async fn list_volumes(&self) -> Result<Vec<Volume>> {
        let list = async {
            let (volumes, users) = (self.0.own_volumes().await?, self.0.users().await?);
            Ok(volumes.iter().map(|volume| volume.told(&self.0.region, &users)).collect())
        };
        named("list_volumes", list.await)
    }

    async fn attach_volume(&self, id: &VolumeId, host: &HostId) -> Result<()> {
        named("attach_volume", self.0.attach(id, host).await)
    }

    async fn detach_volume(&self, id: &VolumeId) -> Result<()> {
        named("detach_volume", self.0.detach(id).await)
    }

    async fn grow_volume(&self, id: &VolumeId, size: GiB) -> Result<()> {
        named("grow_volume", self.0.grow(id, size).await)
    }

    async fn delete_volume(&self, id: &VolumeId) -> Result<()> {
        named("delete_volume", self.0.delete_volume(id.as_str()).await)
    }
}

impl Inner {
    pub(crate) fn volumes(&self) -> Shelf {
        self.config.cocoon.shelf("volumes")
    }

    /// This owner's volumes, by name.
    pub(crate) async fn own_volumes(&self) -> Result<Vec<VolumeRecord>> {
        let mut volumes: Vec<VolumeRecord> = self.volumes().all().await?;
        volumes.retain(|volume| volume.owner == *self.owner());
        volumes.sort_by(|one, other| (&one.name, one.created_at).cmp(&(&other.name, other.created_at)));
        Ok(volumes)
    }

    /// Which VM has which volume.
    pub(crate) async fn users(&self) -> Result<Users> {
        self.config.cocoon.volume_users().await
    }

    async fn volume(&self, id: &VolumeId) -> Result<VolumeRecord> {
        let missing = || Error::new(ErrorKind::NotFound, format!("there is no volume {id}"));
        let parsed = VmId::try_from(id.as_str().to_owned()).map_err(|_| missing())?;
        self.volumes().read(&parsed).await?.ok_or_else(missing)
    }

    async fn create_volume(&self, spec: &VolumeSpec) -> Result<Volume> {
        self.capabilities.check_volume(spec.size)?;
        self.check_region(&spec.region)?;
        if let Some(zone) = &spec.zone {
            return Err(Error::invalid("zone", format!("there are no zones here, got {zone}")));
        }
        let shelf = self.volumes();
        let held = shelf.hold("making a volume").await?;
        let is_named = |volume: &&VolumeRecord| volume.name == spec.name.as_str() && volume.data_disk.is_none();
        if let Some(found) = self.own_volumes().await?.iter().find(is_named) {
            if found.size != spec.size {
                let message = format!("there is a volume `{}` of {} already", spec.name, found.size);
                return Err(Error::new(ErrorKind::AlreadyExists, message));
            }
            return Ok(found.told(&self.region, &self.users().await?));
        }
        let volume = self.make_volume(&held, spec.name.to_string(), spec.size, None).await?;
        Ok(volume.told(&self.region, &Users::new()))
    }

    /// Makes the disk, and then the record that makes it a volume.
    pub(crate) async fn make_volume(
        &self,
        held: &HeldShelf,
        name: String,
        size: GiB,
        data_disk: Option<DataDiskOf>,
    ) -> Result<VolumeRecord> {
        let shelf = self.volumes();
        let (id, owner) = (VmId::random(), self.owner().clone());
        shelf.make_disk(held, &id, size).await?;
        let created_at = Timestamp::now();
        let record = VolumeRecord { version: RecordVersion, id, name, owner, size, created_at, data_disk };
        shelf.write(held, &record.id, &record).await?;
        Ok(record)
    }

    async fn attach(&self, id: &VolumeId, host: &HostId) -> Result<()> {
        let mut vm = self.locked(host, "attach a volume").await?;
        let held = self.volumes().hold("attaching a volume").await?;
        let volume = self.volume(id).await?;
        match self.users().await?.get(&volume.id) {
            Some((name, _)) if *name != convert::vm_of(host)?.0 => {
                let message = format!("volume {id} is at {name}: detach it there first");
                return Err(Error::new(ErrorKind::Conflict, message));
            }
            _ => {}
        }
        let plugged = self.config.cocoon.plug(&mut vm, &volume.id, self.volumes().disk(&volume.id)).await;
        drop(held);
        plugged
    }

    async fn detach(&self, id: &VolumeId) -> Result<()> {
        let volume = self.volume(id).await?;
        let Some((name, incarnation)) = self.users().await?.remove(&volume.id) else { return Ok(()) };
        match self.locked(&convert::host_id(&name, &incarnation), "detach a volume").await {
            Ok(mut vm) => self.config.cocoon.unplug(&mut vm, &volume.id).await,
            // With its host, it is at none.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn grow(&self, id: &VolumeId, size: GiB) -> Result<()> {
        self.capabilities.check_volume(size)?;
        let volume = self.volume(id).await?;
        // A VM that has it must not run, nor begin to, while its file is changed.
        let user = self.users().await?.remove(&volume.id);
        let _stopped = match &user {
            Some((name, _)) => Some(self.config.cocoon.keep_stopped(name, "grow a volume").await?),
            None => None,
        };
        let shelf = self.volumes();
        let held = shelf.hold("growing a volume").await?;
        let mut volume = self.volume(id).await?;
        if self.users().await?.remove(&volume.id) != user {
            return Err(Error::new(ErrorKind::Conflict, format!("volume {id} is being attached or detached: repeat")));
        }
        if size < volume.size {
            let rule = format!("has {} already, and a volume does not shrink to {size}", volume.size);
            return Err(Error::invalid("size", rule));
        }
        if size == volume.size {
            return Ok(());
        }
        shelf.grow_disk(&held, &volume.id, size).await?;
        volume.size = size;
        shelf.write(&held, &volume.id, &volume).await
    }

    pub(crate) async fn delete_volume(&self, id: &str) -> Result<()> {
        // What is no id of ours is not there.
        let Ok(id) = VmId::try_from(id.to_owned()) else { return Ok(()) };
        let held = self.volumes().hold("deleting a volume").await?;
        match self.users().await?.get(&id) {
            Some((name, _)) => {
                let message = format!("volume {id} is at {name}: detach it first");
                Err(Error::new(ErrorKind::Conflict, message))
            }
            None => self.volumes().remove(&held, &id).await,
        }
    }

    /// The right to change this incarnation of a host.
    ///
    /// # Errors
    /// `NotFound` where it is not there; `Conflict` where another command keeps it for itself.
    pub(crate) async fn locked(&self, id: &HostId, purpose: &str) -> Result<LockedVm> {
        let (name, incarnation) = convert::vm_of(id)?;
        match self.config.cocoon.lock(&name, &incarnation, purpose).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Err(no_such_host(id)),
            locked => locked,
        }
    }
}
