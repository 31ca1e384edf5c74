//! Starting a VM for who does not wait for its hypervisor, and taking note later that it answers.

use std::time::Duration;

use cloud_types::{ErrorKind, Name, Result};
use jiff::Timestamp;

use crate::Cocoon;
use crate::state::{Power, Proof, VmId};
use crate::vm::{Vm, VmState};

impl Cocoon {
    /// Starts the hypervisor's process of this incarnation of a VM, unless it runs. Whether it comes to anything is seen by
    /// [`settled`](Self::settled).
    ///
    /// # Errors
    /// As [`start`](Self::start), as far as they show at once.
    pub async fn launch(&self, name: &Name, id: &VmId) -> Result<()> {
        let mut vm = self.lock(name, id, "start").await?;
        self.begin(&mut vm).await.map(drop)
    }

    /// Reads a VM, as [`inspect`](Self::inspect) does. A hypervisor that was [launched](Self::launch) and answers by now is taken
    /// note of; that is looked at for a moment only, and not where another command changes the VM.
    ///
    /// # Errors
    /// As [`inspect`](Self::inspect), and what the system says.
    pub async fn settled(&self, name: &Name) -> Result<Vm> {
        let vm = self.inspect(name).await?;
        if !is_open(&vm) {
            return Ok(vm);
        }
        match self.settle(name).await {
            // Somebody else has it, or it may be read and not changed: what was seen is true all the same.
            Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::PermissionDenied) => Ok(vm),
            Err(error) => Err(error),
            Ok(()) => self.inspect(name).await,
        }
    }

    async fn settle(&self, name: &Name) -> Result<()> {
        let mut vm = self.store.impatient().lock(name, "look").await?;
        if !matches!(vm.record().power, Power::Starting { .. }) {
            return Ok(());
        }
        let Proof::Runs(holder) = vm.alive().prove(None).await? else { return Ok(()) };
        match self.hypervisor(vm.record()).connect(vm.paths(), MOMENT).await {
            Ok(_) => vm.set_power(Power::Running { process: holder.process(), at: Timestamp::now() }).await,
            Err(_) => Ok(()),
        }
    }
}

/// Whether a hypervisor's process was started and has not been seen to answer.
fn is_open(vm: &Vm) -> bool {
    vm.state == VmState::Running && vm.process.is_none()
}

/// How long a hypervisor's answer is waited for by who only looks.
const MOMENT: Duration = Duration::from_millis(50);
