//! Volumes: disks of an owner's own, each a file below the root, that stay when a host goes.
//!
//! Which VM has one is said by that VM's record alone; so a VM that is removed lets go of all it had. Nobody attaches a
//! volume, or makes a host with one, without holding the volumes' lock: that one VM has it at most is looked at, and
//! written, at once. Who needs a VM's lock too takes that one first.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use async_trait::async_trait;
use cloud_types::{Error, ErrorKind, GiB, HostId, Name, Owner, Region, Result, Volume, VolumeId, VolumeSpec, Volumes};
use cocoon_images::system::blocking;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::host::{Inner, Provider};
use super::shelf::{Held, Shelf};
use super::{ID, convert, named};
use crate::disk;
use crate::state::{LockedVm, Store, Version, VmId};

/// What is written down of a volume: `volumes/ID.json`, beside its disk `volumes/ID.qcow2`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct VolumeRecord {
    version: Version,
    pub(super) id: VmId,
    pub(super) name: String,
    pub(super) owner: Owner,
    pub(super) size: GiB,
    pub(super) created_at: Timestamp,
    /// The host that it came with, where it did.
    pub(super) data_disk: Option<DataDiskOf>,
}

/// The host that a data disk came with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DataDiskOf {
    /// The name of the host's VM, which a later host of the same name bears too.
    pub(super) vm: Name,
    /// Whether it stays when that goes.
    pub(super) keep: bool,
}

/// Which VM has which volume.
pub(super) type Users = HashMap<VmId, (Name, VmId)>;

const DISK: &str = "qcow2";

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
    pub(super) fn volumes(&self) -> Shelf {
        let store = &self.config.cocoon.store;
        Shelf::new(store.layout().root.join("volumes"), store.patience())
    }

    pub(super) fn volume_disk(&self, id: &VmId) -> PathBuf {
        self.volumes().file(id, DISK)
    }

    /// This owner's volumes, by name.
    pub(super) async fn own_volumes(&self) -> Result<Vec<VolumeRecord>> {
        let mut volumes: Vec<VolumeRecord> = self.volumes().all().await?;
        volumes.retain(|volume| volume.owner == *self.owner());
        volumes.sort_by(|one, other| (&one.name, one.created_at).cmp(&(&other.name, other.created_at)));
        Ok(volumes)
    }

    /// Which VM has which volume.
    pub(super) async fn users(&self) -> Result<Users> {
        let store = self.config.cocoon.store.clone();
        blocking(move || users_in(&store)).await
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
    pub(super) async fn make_volume(
        &self,
        held: &Held,
        name: String,
        size: GiB,
        data_disk: Option<DataDiskOf>,
    ) -> Result<VolumeRecord> {
        let shelf = self.volumes();
        // A disk without a record was left by a command that was killed right here.
        shelf.sweep(held).await?;
        let (id, owner) = (VmId::random(), self.owner().clone());
        disk::empty(&shelf.file(&id, DISK), u64::from(size.0) << 30, held.guard()?).await?;
        let created_at = Timestamp::now();
        let record = VolumeRecord { version: Version, id, name, owner, size, created_at, data_disk };
        shelf.write(held, &record.id, &record).await?;
        Ok(record)
    }

    pub(super) async fn remove_volume(&self, held: &Held, id: &VmId) -> Result<()> {
        self.volumes().remove(held, id, &[DISK]).await
    }

    async fn attach(&self, id: &VolumeId, host: &HostId) -> Result<()> {
        let mut vm = self.locked(host, "attach a volume").await?;
        let held = self.volumes().hold("attaching a volume").await?;
        let volume = self.volume(id).await?;
        match self.users().await?.get(&volume.id) {
            Some((name, _)) if *name != vm.record().name => {
                let message = format!("volume {id} is at {name}: detach it there first");
                return Err(Error::new(ErrorKind::Conflict, message));
            }
            _ => {}
        }
        let plugged = self.config.cocoon.plug(&mut vm, &volume.id, self.volume_disk(&volume.id)).await;
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
            Some((name, _)) => Some(self.config.cocoon.stopped(name, "grow a volume").await?),
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
        disk::grow(&shelf.file(&volume.id, DISK), u64::from(size.0) << 30, held.guard()?).await?;
        volume.size = size;
        shelf.write(&held, &volume.id, &volume).await
    }

    pub(super) async fn delete_volume(&self, id: &str) -> Result<()> {
        // What is no id of ours is not there.
        let Ok(id) = VmId::try_from(id.to_owned()) else { return Ok(()) };
        let held = self.volumes().hold("deleting a volume").await?;
        match self.users().await?.get(&id) {
            Some((name, _)) => {
                let message = format!("volume {id} is at {name}: detach it first");
                Err(Error::new(ErrorKind::Conflict, message))
            }
            None => self.remove_volume(&held, &id).await,
        }
    }

    /// The right to change this incarnation of a host.
    ///
    /// # Errors
    /// `NotFound` where it is not there; `Conflict` where another command keeps it for itself.
    pub(super) async fn locked(&self, id: &HostId, purpose: &str) -> Result<LockedVm> {
        let (name, incarnation) = convert::vm_of(id)?;
        match self.config.cocoon.store.lock(&name, purpose).await {
            Ok(vm) if vm.record().id == incarnation => Ok(vm),
            Ok(_) => Err(convert::no_such_host(id)),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(convert::no_such_host(id)),
            Err(error) => Err(error),
        }
    }
}

fn users_in(store: &Store) -> Result<Users> {
    let mut users = Users::new();
    for name in store.names()? {
        match store.read(&name) {
            Ok(record) => {
                let volumes = record.hardware.volumes.into_iter();
                users.extend(volumes.map(|volume| (volume.id, (record.name.clone(), record.id.clone()))));
            }
            // Removed since the names were read.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(users)
}
