//! The data disk of a host: a volume that its create makes, or gets back where an earlier host of the name left it.

use cloud_types::{DataDisk, Error, ErrorKind, HostSpec, Name, OnDelete, Result};
use cocoon::{HeldShelf, Vm, VmSpec};

use crate::error::taken;
use crate::host::Inner;
use crate::volume::{DataDiskOf, VolumeRecord};

impl Inner {
    /// Makes the VM of a host, with its data disk where it is to have one. What was made for a VM that was not is removed.
    pub(crate) async fn make(&self, spec: &HostSpec, name: &Name, wish: VmSpec) -> Result<Vm> {
        let Some(disk) = &spec.data_disk else { return self.config.cocoon.create(&wish).await };
        // Until the VM's record names the disk, nobody else may look whether it is free.
        let held = self.volumes().hold("making a host with a data disk").await?;
        if self.config.cocoon.inspect(name).await.is_ok() {
            return Err(taken(name, "another VM"));
        }
        let (volume, is_new) = self.data_disk(&held, disk, spec, name).await?;
        let file = self.volumes().disk(&volume.id);
        let made = self.config.cocoon.create(&wish.volume(volume.id.clone(), file)).await;
        if made.is_err() && is_new {
            // Best effort: the next create of the name replaces it, and a sweep shows it.
            let _ = self.volumes().remove(&held, &volume.id).await;
        }
        made
    }

    /// The disk, and whether it is new. One that was kept comes back; one that was to go with its host is replaced, since
    /// what is on it was given up.
    async fn data_disk(
        &self,
        held: &HeldShelf,
        wished: &DataDisk,
        spec: &HostSpec,
        vm: &Name,
    ) -> Result<(VolumeRecord, bool)> {
        let keep = wished.on_delete == OnDelete::Keep;
        let users = self.users().await?;
        for mut volume in self.disks_of(vm).await? {
            if let Some((user, _)) = users.get(&volume.id) {
                let message = format!("the data disk of {} is at {user}: detach it there first", spec.name);
                return Err(Error::new(ErrorKind::Conflict, message));
            }
            if !volume.data_disk.as_ref().is_some_and(|of| of.keep) {
                self.volumes().remove(held, &volume.id).await?;
                continue;
            }
            if volume.size != wished.size {
                let message = format!("the data disk that was kept of {} has {}", spec.name, volume.size);
                return Err(Error::new(ErrorKind::AlreadyExists, message));
            }
            volume.data_disk = Some(DataDiskOf { vm: vm.clone(), keep });
            self.volumes().write(held, &volume.id, &volume).await?;
            return Ok((volume, false));
        }
        let of = DataDiskOf { vm: vm.clone(), keep };
        let volume = self.make_volume(held, format!("{}-data", spec.name), wished.size, Some(of)).await?;
        Ok((volume, true))
    }

    /// Removes what goes with a host whose VM is gone; what a VM has, by now perhaps a later one of the name, stays.
    pub(crate) async fn drop_data_disks(&self, vm: &Name) -> Result<()> {
        let goes = |volume: &VolumeRecord| volume.data_disk.as_ref().is_some_and(|of| !of.keep);
        if !self.disks_of(vm).await?.iter().any(goes) {
            return Ok(());
        }
        let held = self.volumes().hold("deleting a data disk").await?;
        let users = self.users().await?;
        for volume in self.disks_of(vm).await?.iter().filter(|volume| goes(volume) && !users.contains_key(&volume.id)) {
            self.volumes().remove(&held, &volume.id).await?;
        }
        Ok(())
    }

    /// The data disks that came with hosts whose VM has this name.
    pub(crate) async fn disks_of(&self, vm: &Name) -> Result<Vec<VolumeRecord>> {
        let mut volumes: Vec<VolumeRecord> = self.volumes().all().await?;
        volumes.retain(|volume| volume.data_disk.as_ref().is_some_and(|of| of.vm == *vm));
        Ok(volumes)
    }
}
