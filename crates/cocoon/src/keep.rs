//! Copying the system disk of a VM that does not run, to an image of its own.

use cloud_types::{Name, Result};

use crate::images::{Made, SnapshotNote};
use crate::state::VmId;
use crate::{Cocoon, crash, disk, error};

impl Cocoon {
    /// Keeps the system disk as it is now under an image's name. Answers whether that was free.
    ///
    /// # Errors
    /// `NotFound` without that incarnation of the VM; `Conflict` where it runs.
    pub(crate) async fn keep_disk(&self, name: &Name, id: &VmId, image: String, note: SnapshotNote) -> Result<bool> {
        let (vm, _alive) = self.stopped(name, "snapshot").await?;
        if vm.record().id != *id {
            return Err(error::no_such_vm(name.as_str()));
        }
        let (directory, hardware) = (&vm.paths().directory, &vm.record().hardware);
        let Some(system) = hardware.disks.first() else {
            return Err(cloud_types::Error::invalid("disk", format!("{name} has no disk")));
        };
        let stage = self.store.stage().await?;
        let copy = stage.directory().join("disk.qcow2");
        let kept = async {
            // It holds the VM's lock: nobody starts the VM while its disk is read.
            disk::flatten(&directory.join(&system.file), &copy, vm.guard()?).await?;
            crash::point("keep: disk copied");
            let kernel = hardware.kernel.as_ref().map(|kernel| {
                let initrd = kernel.initrd.as_ref().map(|file| directory.join(file));
                (directory.join(&kernel.file), initrd, kernel.command_line.clone())
            });
            self.images().keep(Made { name: image, note, disk: copy.clone(), kernel }).await
        };
        let kept = kept.await;
        stage.discard().await;
        kept
    }
}
