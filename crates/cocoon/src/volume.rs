//! Volumes at a VM: plugged in and pulled out, also while it runs. The VM's record alone says which it has.

use std::collections::HashMap;
use std::path::PathBuf;

use cloud_types::{Error, ErrorKind, Name, Result};
use cocoon_images::system::blocking;

use crate::hypervisor::Control;
use crate::state::{AttachedVolume, LockedVm, Proof, SLOTS, Store, VmId};
use crate::{Cocoon, HypervisorKind, crash};

impl Cocoon {
    /// Gives a VM the volume on this disk, a qcow2; one that it has already is plugged in where that was interrupted. The caller
    /// has made sure that no other VM has it.
    ///
    /// # Errors
    /// `Unsupported` where QEMU does not run the VM; `QuotaExceeded` where all slots are taken; what the hypervisor says.
    pub async fn plug(&self, vm: &mut LockedVm, id: &VmId, file: PathBuf) -> Result<()> {
        if vm.record().hypervisor != HypervisorKind::Qemu {
            return Err(Error::unsupported("only hosts under QEMU have volumes"));
        }
        let has = vm.record().hardware.volumes.iter().find(|volume| volume.id == *id).cloned();
        let volume = match has.clone() {
            Some(volume) => volume,
            None => AttachedVolume { id: id.clone(), file, slot: free_slot(&vm.record().hardware.volumes)? },
        };
        let running = self.running(vm).await?;
        if has.is_none() {
            // Written first: what is written is this VM's alone, whatever happens on the way.
            let attached = volume.clone();
            vm.change(|record| record.hardware.volumes.push(attached)).await?;
            crash::point("volume: attachment noted");
        }
        let Some(mut control) = running else { return Ok(()) };
        let plugged = control.plug(&volume).await;
        if plugged.is_err() && has.is_none() {
            vm.change(|record| record.hardware.volumes.retain(|volume| volume.id != *id)).await?;
        }
        plugged
    }

    /// Takes a volume from a VM; one that it has not is success.
    ///
    /// # Errors
    /// `Conflict` where the guest does not let go of it; what the hypervisor says.
    pub async fn unplug(&self, vm: &mut LockedVm, id: &VmId) -> Result<()> {
        if !vm.record().hardware.volumes.iter().any(|volume| volume.id == *id) {
            return Ok(());
        }
        if let Some(mut control) = self.running(vm).await? {
            control.unplug(id).await?;
            crash::point("volume: pulled out");
        }
        vm.change(|record| record.hardware.volumes.retain(|volume| volume.id != *id)).await
    }

    /// Which volume is at which VM: its name, and what tells it from a later VM of that name.
    ///
    /// # Errors
    /// `Unexpected` where a VM's record cannot be read.
    pub async fn volume_users(&self) -> Result<HashMap<VmId, (Name, VmId)>> {
        let store = self.store.clone();
        blocking(move || users_in(&store)).await
    }

    /// The way to the VM's hypervisor, while it runs.
    async fn running(&self, vm: &LockedVm) -> Result<Option<Box<dyn Control>>> {
        match vm.alive().prove(vm.last_process()).await? {
            Proof::Dead(_) => Ok(None),
            Proof::Runs(_) => self.hypervisor(vm.record()).connect(vm.paths(), self.start_within).await.map(Some),
        }
    }
}

fn users_in(store: &Store) -> Result<HashMap<VmId, (Name, VmId)>> {
    let mut users = HashMap::new();
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

/// The first slot that no volume is plugged into.
fn free_slot(taken: &[AttachedVolume]) -> Result<u32> {
    let free = (0..SLOTS).find(|slot| taken.iter().all(|volume| volume.slot != *slot));
    free.ok_or_else(|| Error::new(ErrorKind::QuotaExceeded, format!("a host has at most {SLOTS} volumes")))
}
