//! The library's one entry, and what reads without changing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cloud_types::{ErrorKind, Name, Result};
use cocoon_images::system::blocking;

use crate::error;
use crate::hypervisor::{CommandLine, Hypervisor, HypervisorKind, Hypervisors};
use crate::notice::Listener;
use crate::state::{LockedVm, Record, Store, VmId};
use crate::vm::Vm;

/// The VMs of one installation, which is a root directory. Made by [`Config::build`](crate::Config::build); clones mean the same.
///
/// Calls on one VM take turns, also between processes; calls on different ones do not wait for each other. Any future may be
/// dropped, and any process killed: the next call reads what is true, and finishes or undoes what was begun.
#[derive(Debug, Clone)]
pub struct Cocoon {
    pub(crate) store: Store,
    pub(crate) hypervisors: Arc<Hypervisors>,
    pub(crate) start_within: Duration,
    pub(crate) listener: Listener,
}

impl Cocoon {
    /// All VMs, by name. One whose record cannot be read is an error, so that none is silently missing.
    ///
    /// # Errors
    /// `PermissionDenied` where the root is another user's; `Unexpected` where a record cannot be read.
    pub async fn list(&self) -> Result<Vec<Vm>> {
        let store = self.store.clone();
        blocking(move || {
            let mut vms = Vec::new();
            for name in store.names()? {
                match Vm::observe(&store, &name) {
                    // Removed since the names were read.
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    vm => vms.push(vm?),
                }
            }
            Ok(vms)
        })
        .await
    }

    /// The names of all VMs, in their order.
    ///
    /// # Errors
    /// `PermissionDenied` where the root is another user's.
    pub async fn names(&self) -> Result<Vec<Name>> {
        let store = self.store.clone();
        blocking(move || store.names()).await
    }

    /// One VM.
    ///
    /// # Errors
    /// `NotFound` without such a VM; `Unexpected` where its record cannot be read.
    pub async fn inspect(&self, name: &Name) -> Result<Vm> {
        let (store, name) = (self.store.clone(), name.clone());
        blocking(move || Vm::observe(&store, &name)).await
    }

    /// The right to change this incarnation of a VM, as soon as no other command has it. `purpose` is told to those who wait.
    ///
    /// # Errors
    /// `NotFound` where it is not there, or not any more; `Conflict` where another command keeps the VM for itself.
    pub async fn lock(&self, name: &Name, id: &VmId, purpose: &str) -> Result<LockedVm> {
        let vm = self.store.lock(name, purpose).await?;
        if vm.record().id == *id { Ok(vm) } else { Err(error::no_such_vm(name.as_str())) }
    }

    /// Where VMs and their disks are.
    #[must_use]
    pub fn root_dir(&self) -> &Path {
        &self.store.layout().root
    }

    /// What runs all new VMs, where the settings name a hypervisor; without, it is chosen for each.
    #[must_use]
    pub fn named_hypervisor(&self) -> Option<HypervisorKind> {
        self.hypervisors.named()
    }

    /// What a start of the VM executes.
    ///
    /// # Errors
    /// As [`inspect`](Self::inspect), and `Unsupported` where the hypervisor is missing.
    pub async fn command_line(&self, name: &Name) -> Result<CommandLine> {
        let (this, name) = (self.clone(), name.clone());
        blocking(move || {
            let record = this.store.read(&name)?;
            this.hypervisor(&record).command(&record, &this.store.paths(&record))
        })
        .await
    }
    /// What runs this VM, whatever is chosen for new ones.
    pub(crate) fn hypervisor(&self, record: &Record) -> &dyn Hypervisor {
        self.hypervisors.of(record.hypervisor)
    }
}
