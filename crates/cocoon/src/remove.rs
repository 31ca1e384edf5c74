//! Removing a VM and all that is its own.

use cloud_types::{Error, ErrorKind, Name, Result};

use crate::state::{LockedVm, Proof};
use crate::{Cocoon, Stop, crash};

/// What is done about a VM that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It is an error.
    OnlyStopped,
    /// It is ended first, as by [`Stop::Now`].
    EvenRunning,
}

impl Cocoon {
    /// Removes a VM with its disks, sockets and logs, once it is proven that nothing runs in it. Its image stays.
    ///
    /// # Errors
    /// `NotFound` without such a VM; `Conflict` where it runs and may not be ended, or where another command keeps it for
    /// itself.
    pub async fn remove(&self, name: &Name, removal: Removal) -> Result<()> {
        let vm = self.store.lock(name, "rm").await?;
        self.remove_locked(vm, removal).await
    }

    /// The same for a VM that this caller has [locked](Self::lock).
    ///
    /// # Errors
    /// `Conflict` where it runs and may not be ended.
    pub async fn remove_locked(&self, vm: LockedVm, removal: Removal) -> Result<()> {
        let name = &vm.record().name.clone();
        crash::point("remove: locked");
        let mut proof = vm.alive().prove(vm.last_process()).await?;
        if let Proof::Runs(holder) = &proof {
            if removal == Removal::OnlyStopped {
                let message = format!("{name} runs: stop it first, or give `--force`");
                return Err(Error::new(ErrorKind::Conflict, message));
            }
            self.end(&vm, holder, Stop::Now).await?;
            crash::point("remove: ended");
            proof = vm.alive().prove(None).await?;
        }
        match proof {
            Proof::Dead(alive) => {
                self.disconnect(&vm).await?;
                let record = vm.record().clone();
                vm.retire(alive).await?;
                self.give_address_back(&record).await?;
            }
            Proof::Runs(_) => {
                return Err(Error::new(ErrorKind::Conflict, format!("{name} has been started again meanwhile")));
            }
        }
        self.store.sweep().await
    }
}
