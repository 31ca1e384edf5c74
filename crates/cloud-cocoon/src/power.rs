//! A host's power.

use std::time::Duration;

use cloud_types::{Error, ErrorKind, GiB, HostId, HostRuntime, MachineType, MachineTypeName, Result, StopMode};
use cocoon::{Stop, VmState};

use crate::convert;
use crate::machine;
use crate::parts::Parts;

/// A host's power.
pub(crate) struct Power<'a>(pub(crate) &'a Parts);

impl Power<'_> {
    /// Reads a host for a wait. One that was asked to shut down and has not is asked again: a guest that still boots
    /// does not see its power button.
    pub(crate) async fn poll(&self, id: &HostId) -> Result<HostRuntime> {
        let vm = self.0.vm(id).await;
        let runs = vm.as_ref().is_ok_and(|vm| vm.state != VmState::Stopped);
        if !runs {
            self.0.asked.forget(id);
        } else if self.is_to_be_asked_again(id) {
            let (name, _) = convert::vm_of(id)?;
            // Best effort: the wait goes on, and asks again.
            let _ = self.0.cocoon.press_power_button(&name).await;
        }
        self.0.host(&vm?)
    }

    pub(crate) async fn start(&self, id: &HostId) -> Result<()> {
        self.0.asked.forget(id);
        let vm = self.0.vm(id).await?;
        if matches!(vm.state, VmState::Running | VmState::Starting) {
            return Ok(());
        }
        if let Some(machine) = vm.host.as_ref().and_then(|host| self.machine(&host.machine_type)) {
            // Its disk is there already.
            self.0.offers.free().await?.check(machine, GiB(0))?;
        }
        self.0.cocoon.start(&vm.name).await.map(drop)
    }

    pub(crate) async fn stop(&self, id: &HostId, mode: StopMode) -> Result<()> {
        let vm = self.0.vm(id).await?;
        if vm.state == VmState::Stopped {
            return Ok(());
        }
        match mode {
            StopMode::Hard => {
                self.0.asked.forget(id);
                self.0.cocoon.stop(&vm.name, Stop::Now).await.map(drop)
            }
            StopMode::Graceful => {
                self.0.cocoon.press_power_button(&vm.name).await?;
                self.0.asked.learn(id.clone(), self.now());
                Ok(())
            }
        }
    }

    /// Through the guest's system, for as long as the configured grace lasts. A caller that is killed in between leaves it
    /// stopped.
    pub(crate) async fn restart(&self, id: &HostId) -> Result<()> {
        let vm = self.0.vm(id).await?;
        if vm.state == VmState::Stopped {
            let state = convert::state(&vm);
            return Err(Error::new(ErrorKind::Conflict, format!("host {id} is {state}: start it instead")));
        }
        self.0.asked.forget(id);
        self.0.cocoon.stop(&vm.name, Stop::Within(self.0.grace)).await?;
        self.0.cocoon.start(&vm.name).await.map(drop)
    }

    fn machine(&self, name: &MachineTypeName) -> Option<&MachineType> {
        machine::find(&self.0.offers.machines, name).ok()
    }

    /// Whether the power button is to be pressed again; then that is noted as done.
    fn is_to_be_asked_again(&self, id: &HostId) -> bool {
        let is_due = self.0.asked.get(id).is_some_and(|last| self.now().saturating_sub(last) >= AGAIN);
        if is_due {
            self.0.asked.learn(id.clone(), self.now());
        }
        is_due
    }

    fn now(&self) -> Duration {
        self.0.account.clock().monotonic()
    }
}

/// Between two times that the power button is pressed.
const AGAIN: Duration = Duration::from_secs(2);
