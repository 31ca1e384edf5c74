//! Copying the system disk of a VM, to an image of its own.

use std::path::Path;

use cloud_types::{Name, Result};
use cocoon_images::{DirectKernel, NewSnapshot, SnapshotNote};

use crate::snapshot::settle_disks;
use crate::state::{LockedVm, Proof, VmId};
use crate::{Cocoon, crash, disk};

impl Cocoon {
    /// Keeps the system disk as it is now under an image's name. Answers whether that was free.
    ///
    /// Of a VM that runs, the disk is as after a power cut at this moment: what the guest has not written so far is not in it.
    ///
    /// # Errors
    /// `NotFound` without that incarnation of the VM; `Conflict` where another command keeps it for itself.
    pub async fn keep_disk(&self, name: &Name, id: &VmId, image: String, note: SnapshotNote) -> Result<bool> {
        let mut vm = self.lock(name, id, "snapshot").await?;
        let stage = self.store.stage().await?;
        let copy = stage.directory().join("disk.qcow2");
        let kept = async {
            self.copy_disk(&mut vm, &copy).await?;
            crash::point("keep: disk copied");
            let (directory, hardware) = (&vm.paths().directory, &vm.record().hardware);
            let kernel = hardware.kernel.as_ref().map(|kernel| {
                let initrd = kernel.initrd.as_ref().map(|file| directory.join(file));
                let (kernel, command_line) = (directory.join(&kernel.file), kernel.command_line.clone());
                DirectKernel { kernel, initrd, command_line }
            });
            self.images().keep(NewSnapshot { name: image, note, disk: copy.clone(), kernel }).await
        };
        let kept = kept.await;
        stage.discard().await;
        kept
    }

    /// Copies the first disk to a file that is not there so far.
    async fn copy_disk(&self, vm: &mut LockedVm, to: &Path) -> Result<()> {
        // It keeps the VM from being started while its disk is read.
        let proof = vm.alive().prove(vm.last_process()).await?;
        if matches!(proof, Proof::Dead(_)) {
            settle_disks(vm).await?;
        }
        let Some(system) = vm.record().hardware.disks.first() else {
            let name = &vm.record().name;
            return Err(cloud_types::Error::invalid("disk", format!("{name} has no disk")));
        };
        let system = vm.paths().directory.join(&system.file);
        match proof {
            Proof::Dead(_alive) => disk::flatten(&system, to, vm.guard()?).await,
            Proof::Runs(_) => {
                disk::empty(to, disk::size(&system)?, vm.guard()?).await?;
                let mut control = self.hypervisor(vm.record()).connect(vm.paths(), self.start_within).await?;
                control.copy_disk(0, to).await
            }
        }
    }
}
