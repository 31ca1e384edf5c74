//! The data disk of a host: a volume that its create makes, or gets back where an earlier host of the name left it.

use cloud_types::{DataDisk, Error, ErrorKind, HostSpec, Name, OnDelete, Result};
use cocoon::{HeldShelf, Vm, VmSpec};

use crate::disks::{DataDiskOf, VolumeRecord};
use crate::error::taken;
use crate::parts::Parts;

/// The VM of a host that is made, with its data disk where it is to have one.
pub(crate) struct DataDisks<'a>(pub(crate) &'a Parts);

impl DataDisks<'_> {
    /// Makes the VM of a host. A data disk that was made for a VM that was not is removed.
    pub(crate) async fn make(&self, spec: &HostSpec, name: &Name, vm: VmSpec) -> Result<Vm> {
        let Some(disk) = &spec.data_disk else { return self.0.cocoon.create(&vm).await };
        let shelf = self.0.disks.shelf();
        // Until the VM's record names the disk, nobody else may look whether it is free.
        let held = shelf.hold("making a host with a data disk").await?;
        if self.0.cocoon.inspect(name).await.is_ok() {
            return Err(taken(name));
        }
        let (volume, is_new) = self.ready(&held, disk, spec, name).await?;
        let file = shelf.disk(&volume.id);
        let made = self.0.cocoon.create(&vm.volume(volume.id.clone(), file)).await;
        if made.is_err() && is_new {
            // Best effort: the next create of the name replaces it, and a sweep shows it.
            let _ = shelf.remove(&held, &volume.id).await;
        }
        made
    }

    /// Whether the data disk that an earlier host of the name left can be this one's.
    ///
    /// # Errors
    /// `Conflict` where another VM has it; `AlreadyExists` where it was kept and has another size.
    pub(crate) async fn check(&self, spec: &HostSpec, vm: &Name) -> Result<()> {
        let Some(requested) = &spec.data_disk else { return Ok(()) };
        let users = self.0.disks.users().await?;
        for volume in self.0.disks.of_host(vm).await? {
            if let Some((user, _)) = users.get(&volume.id) {
                let message = format!("the data disk of {} is at {user}: detach it there first", spec.name);
                return Err(Error::new(ErrorKind::Conflict, message));
            }
            if !volume.goes_with_host() && volume.size != requested.size {
                let message = format!("the data disk that was kept of {} has {}", spec.name, volume.size);
                return Err(Error::new(ErrorKind::AlreadyExists, message));
            }
        }
        Ok(())
    }

    /// The disk, and whether it is new. One that was kept comes back; one that was to go with its host is replaced, since
    /// what is on it was given up.
    async fn ready(
        &self,
        held: &HeldShelf,
        requested: &DataDisk,
        spec: &HostSpec,
        vm: &Name,
    ) -> Result<(VolumeRecord, bool)> {
        self.check(spec, vm).await?;
        let keep = requested.on_delete == OnDelete::Keep;
        for mut volume in self.0.disks.of_host(vm).await? {
            if volume.goes_with_host() {
                self.0.disks.shelf().remove(held, &volume.id).await?;
                continue;
            }
            volume.data_disk = Some(DataDiskOf { vm: vm.clone(), keep });
            self.0.disks.shelf().write(held, &volume.id, &volume).await?;
            return Ok((volume, false));
        }
        let of = DataDiskOf { vm: vm.clone(), keep };
        let volume = self.0.disks.make(held, format!("{}-data", spec.name), requested.size, Some(of)).await?;
        Ok((volume, true))
    }
}
