//! Volumes: what this box can do with one, under the locks of its VM and of the volumes' shelf.

use async_trait::async_trait;
use cloud_driver::{Account, volumes};
use cloud_types::{Error, ErrorKind, GiB, HostId, Result, Volume, VolumeId, VolumeSpec, Volumes};
use cocoon::VmId;

use crate::convert;
use crate::disks::{Users, VolumeRecord};
use crate::host::Provider;
use crate::parts::Parts;

#[async_trait]
impl Volumes for Provider {
    async fn create_volume(&self, spec: &VolumeSpec) -> Result<Volume> {
        self.0.account.call("create_volume", volumes::create(&*self.0, spec)).await
    }

    async fn get_volume(&self, id: &VolumeId) -> Result<Volume> {
        self.0.account.call("get_volume", volumes::Disks::get(&*self.0, id)).await
    }

    async fn list_volumes(&self) -> Result<Vec<Volume>> {
        self.0.account.call("list_volumes", volumes::Disks::list(&*self.0)).await
    }

    /// Also a volume that its host has already is plugged in: an earlier attempt may have been broken off before that.
    async fn attach_volume(&self, id: &VolumeId, host: &HostId) -> Result<()> {
        self.0.account.call("attach_volume", self.0.attach(id, host)).await
    }

    async fn detach_volume(&self, id: &VolumeId) -> Result<()> {
        self.0.account.call("detach_volume", volumes::detach(&*self.0, id)).await
    }

    async fn grow_volume(&self, id: &VolumeId, size: GiB) -> Result<()> {
        self.0.account.call("grow_volume", volumes::grow(&*self.0, id, size)).await
    }

    async fn delete_volume(&self, id: &VolumeId) -> Result<()> {
        self.0.account.call("delete_volume", volumes::delete(&*self.0, id)).await
    }
}

impl volumes::Disks for Parts {
    fn account(&self) -> &Account {
        &self.account
    }

    async fn create(&self, spec: &VolumeSpec) -> Result<Volume> {
        self.offers.check_region(&spec.region)?;
        if let Some(zone) = &spec.zone {
            return Err(Error::invalid("zone", format!("there are no zones here, got {zone}")));
        }
        let held = self.disks.shelf().hold("making a volume").await?;
        let is_named = |volume: &&VolumeRecord| volume.name == spec.name.as_str() && volume.data_disk.is_none();
        if let Some(found) = self.disks.own().await?.iter().find(is_named) {
            if found.size != spec.size {
                let message = format!("there is a volume `{}` of {} already", spec.name, found.size);
                return Err(Error::new(ErrorKind::AlreadyExists, message));
            }
            return Ok(found.volume(&self.offers.region, &self.disks.users().await?));
        }
        let made = self.disks.make(&held, spec.name.to_string(), spec.size, None).await?;
        Ok(made.volume(&self.offers.region, &Users::new()))
    }

    async fn list(&self) -> Result<Vec<Volume>> {
        let (volumes, users) = (self.disks.own().await?, self.disks.users().await?);
        Ok(volumes.iter().map(|volume| volume.volume(&self.offers.region, &users)).collect())
    }

    async fn get(&self, id: &VolumeId) -> Result<Volume> {
        let volume = self.disks.find(id).await?;
        Ok(volume.volume(&self.offers.region, &self.disks.users().await?))
    }

    async fn attach(&self, volume: &Volume, host: &HostId) -> Result<()> {
        Parts::attach(self, &volume.id, host).await
    }

    async fn detach(&self, volume: &Volume, host: &HostId) -> Result<()> {
        match self.locked(host, "detach a volume").await {
            Ok(mut vm) => self.cocoon.unplug(&mut vm, &id_of(volume)?).await,
            // With its host, it is at none.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn grow(&self, volume: &Volume, size: GiB) -> Result<()> {
        // A VM that has it must not run, nor begin to, while its file is changed.
        let _stopped = match &volume.host {
            Some(host) => Some(self.cocoon.keep_stopped(&convert::vm_of(host)?.0, "grow a volume").await?),
            None => None,
        };
        let shelf = self.disks.shelf();
        let held = shelf.hold("growing a volume").await?;
        let mut record = self.disks.find(&volume.id).await?;
        let user = self.disks.users().await?.get(&record.id).map(|(name, id)| convert::host_id(name, id));
        if user != volume.host {
            let message = format!("volume {} is being attached or detached: repeat", volume.id);
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        if size < record.size {
            let rule = format!("has {} already, and a volume does not shrink to {size}", record.size);
            return Err(Error::invalid("size", rule));
        }
        if size == record.size {
            return Ok(());
        }
        shelf.grow_disk(&held, &record.id, size).await?;
        record.size = size;
        shelf.write(&held, &record.id, &record).await
    }

    async fn remove(&self, volume: &Volume) -> Result<()> {
        self.disks.remove(&id_of(volume)?, "deleting a volume").await
    }
}

impl Parts {
    async fn attach(&self, id: &VolumeId, host: &HostId) -> Result<()> {
        let mut vm = self.locked(host, "attach a volume").await?;
        let shelf = self.disks.shelf();
        let held = shelf.hold("attaching a volume").await?;
        let volume = self.disks.find(id).await?;
        match self.disks.users().await?.get(&volume.id) {
            Some((name, _)) if *name != convert::vm_of(host)?.0 => {
                let message = format!("volume {id} is at {name}: detach it there first");
                return Err(Error::new(ErrorKind::Conflict, message));
            }
            _ => {}
        }
        let plugged = self.cocoon.plug(&mut vm, &volume.id, shelf.disk(&volume.id)).await;
        drop(held);
        plugged
    }
}

/// The id by which a volume that was read is kept.
fn id_of(volume: &Volume) -> Result<VmId> {
    let parsed = VmId::try_from(volume.id.as_str().to_owned());
    parsed.map_err(|_| Error::new(ErrorKind::NotFound, format!("there is no volume {}", volume.id)))
}
