//! Snapshots of a VM's disks, while it does not run: taken, gone back to, given up.
//!
//! They are in the qcow2 files themselves. What spans several disks is noted before and after: a snapshot is there when the
//! record names it, and a restore that was begun is finished before anything else is done with the VM. A `qemu-img` that is
//! killed leaves tables that contradict each other, so disks whose work was begun and not ended are repaired first.

use std::fs::File;

use cloud_types::{Error, ErrorKind, Name, Result};
use jiff::Timestamp;

use crate::disk::{self, Change};
use crate::state::{DiskSnapshot, LockedVm, Proof};
use crate::{Cocoon, crash};

impl Cocoon {
    /// Keeps the disks as they are now under a name.
    ///
    /// # Errors
    /// `NotFound` without such a VM; `AlreadyExists` where it has such a snapshot; `Conflict` where it runs.
    pub async fn snapshot(&self, name: &Name, snapshot: &Name) -> Result<()> {
        let (mut vm, _alive) = self.stopped(name, "snapshot").await?;
        if has(&vm, snapshot) {
            let message =
                format!("{name} has a snapshot `{snapshot}` already: choose another name, or remove that one");
            return Err(Error::new(ErrorKind::AlreadyExists, message));
        }
        vm.change(|record| record.unsettled = true).await?;
        crash::point("snapshot: noted");
        // One of that name which is not noted was left by a command that died.
        for_all_disks(&vm, Change::DeleteIfThere, snapshot).await?;
        for_all_disks(&vm, Change::Create, snapshot).await?;
        let kept = DiskSnapshot { name: snapshot.clone(), created_at: Timestamp::now() };
        vm.change(|record| {
            record.snapshots.push(kept);
            record.unsettled = false;
        })
        .await
    }

    /// Makes the disks what they were when the snapshot was taken. What was written since is lost.
    ///
    /// # Errors
    /// `NotFound` without such a VM or snapshot; `Conflict` where the VM runs.
    pub async fn restore(&self, name: &Name, snapshot: &Name) -> Result<()> {
        let (mut vm, _alive) = self.stopped(name, "restore").await?;
        if !has(&vm, snapshot) {
            return Err(missing(name, snapshot));
        }
        vm.change(|record| (record.restoring, record.unsettled) = (Some(snapshot.clone()), true)).await?;
        crash::point("restore: noted");
        apply(&mut vm, snapshot).await
    }

    /// Gives a snapshot up.
    ///
    /// # Errors
    /// `NotFound` without such a VM or snapshot; `Conflict` where the VM runs.
    pub async fn remove_snapshot(&self, name: &Name, snapshot: &Name) -> Result<()> {
        let (mut vm, _alive) = self.stopped(name, "snapshot rm").await?;
        if !has(&vm, snapshot) {
            return Err(missing(name, snapshot));
        }
        vm.change(|record| {
            record.snapshots.retain(|kept| kept.name != *snapshot);
            record.unsettled = true;
        })
        .await?;
        crash::point("snapshot: forgotten");
        for_all_disks(&vm, Change::DeleteIfThere, snapshot).await?;
        vm.change(|record| record.unsettled = false).await
    }

    /// Keeps a VM from running, and from being changed by others, until the answer is dropped.
    ///
    /// # Errors
    /// `NotFound` without such a VM; `Conflict` where it runs, or where another command keeps it for itself.
    pub async fn keep_stopped(&self, name: &Name, purpose: &str) -> Result<KeptStopped> {
        self.stopped(name, purpose).await.map(|(vm, alive)| KeptStopped { _vm: vm, _alive: alive })
    }

    /// The right to change the disks of a VM that does not run and will not, while the file is open.
    pub(crate) async fn stopped(&self, name: &Name, purpose: &str) -> Result<(LockedVm, File)> {
        let mut vm = self.store.lock(name, purpose).await?;
        match vm.alive().prove(vm.last_process()).await? {
            Proof::Runs(_) => Err(Error::new(ErrorKind::Conflict, format!("{name} runs: stop it first"))),
            Proof::Dead(alive) => {
                settle_disks(&mut vm).await?;
                Ok((vm, alive))
            }
        }
    }
}

/// A VM that does not run, and will not while this is there. See [`Cocoon::keep_stopped`].
#[derive(Debug)]
pub struct KeptStopped {
    // The lock `alive` is let go of before the VM is.
    _alive: File,
    _vm: LockedVm,
}

/// Repairs disks whose work was begun and not ended, and goes on with a restore that was begun. The caller has proven that the
/// VM does not run.
pub(crate) async fn settle_disks(vm: &mut LockedVm) -> Result<()> {
    if vm.record().unsettled {
        for file in vm.record().hardware.written() {
            disk::repair(&vm.paths().directory.join(file), vm.guard()?).await?;
            crash::point("snapshot: disk repaired");
        }
    }
    match vm.record().restoring.clone() {
        Some(snapshot) => apply(vm, &snapshot).await,
        None if vm.record().unsettled => vm.change(|record| record.unsettled = false).await,
        None => Ok(()),
    }
}

/// Makes all disks what they were, which is noted as begun.
async fn apply(vm: &mut LockedVm, snapshot: &Name) -> Result<()> {
    for_all_disks(vm, Change::Apply, snapshot).await?;
    vm.change(|record| (record.restoring, record.unsettled) = (None, false)).await
}

async fn for_all_disks(vm: &LockedVm, change: Change, snapshot: &Name) -> Result<()> {
    for file in vm.record().hardware.written() {
        disk::snapshot(&vm.paths().directory.join(file), change, snapshot.as_str(), vm.guard()?).await?;
        crash::point("snapshot: disk changed");
    }
    Ok(())
}

fn has(vm: &LockedVm, snapshot: &Name) -> bool {
    vm.record().snapshots.iter().any(|kept| kept.name == *snapshot)
}

fn missing(name: &Name, snapshot: &Name) -> Error {
    let message = format!("{name} has no snapshot `{snapshot}`: `cocoon inspect {name}` lists those that it has");
    Error::new(ErrorKind::NotFound, message)
}
