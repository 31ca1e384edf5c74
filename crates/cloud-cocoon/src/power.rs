//! A host's power.

use std::sync::PoisonError;
use std::time::Duration;

use cloud_types::{Error, ErrorKind, GiB, HostId, HostRuntime, MachineType, MachineTypeName, Result, StopMode};
use cocoon::{Stop, VmState};
use tokio::time::Instant;

use crate::convert;
use crate::host::Inner;
use crate::machine;

impl Inner {
    /// Reads a host for a wait. One that was asked to shut down and has not is asked again: a guest that still boots
    /// does not see its power button.
    pub(crate) async fn poll(&self, id: &HostId) -> Result<HostRuntime> {
        let vm = self.vm(id).await;
        let runs = vm.as_ref().is_ok_and(|vm| vm.state != VmState::Stopped);
        if !runs {
            self.forget(id);
        } else if self.is_to_be_asked_again(id) {
            let (name, _) = convert::vm_of(id)?;
            // Best effort: the wait goes on, and asks again.
            let _ = self.config.cocoon.press_power_button(&name).await;
        }
        self.told(&vm?)
    }

    pub(crate) async fn start(&self, id: &HostId) -> Result<()> {
        self.forget(id);
        let vm = self.vm(id).await?;
        if matches!(vm.state, VmState::Running | VmState::Starting) {
            return Ok(());
        }
        if let Some(machine) = vm.host.as_ref().and_then(|host| self.machine(&host.machine_type)) {
            // Its disk is there already.
            self.free().await?.check(machine, GiB(0))?;
        }
        self.config.cocoon.start(&vm.name).await.map(drop)
    }

    pub(crate) async fn stop(&self, id: &HostId, mode: StopMode) -> Result<()> {
        let vm = self.vm(id).await?;
        if vm.state == VmState::Stopped {
            return Ok(());
        }
        match mode {
            StopMode::Hard => {
                self.forget(id);
                self.config.cocoon.stop(&vm.name, Stop::Now).await.map(drop)
            }
            StopMode::Graceful => {
                self.config.cocoon.press_power_button(&vm.name).await?;
                self.note_asked(id);
                Ok(())
            }
        }
    }

    /// Through the guest's system, for as long as the configured grace lasts. A caller that is killed in between leaves it
    /// stopped.
    pub(crate) async fn restart(&self, id: &HostId) -> Result<()> {
        let vm = self.vm(id).await?;
        if vm.state == VmState::Stopped {
            let state = convert::state(&vm);
            return Err(Error::new(ErrorKind::Conflict, format!("host {id} is {state}: start it instead")));
        }
        self.forget(id);
        self.config.cocoon.stop(&vm.name, Stop::Within(self.config.grace)).await?;
        self.config.cocoon.start(&vm.name).await.map(drop)
    }

    fn machine(&self, name: &MachineTypeName) -> Option<&MachineType> {
        machine::find(&self.config.machines, name).ok()
    }

    fn note_asked(&self, id: &HostId) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert(id.clone(), Instant::now());
    }

    pub(crate) fn forget(&self, id: &HostId) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Whether the power button is to be pressed again; then that is noted as done.
    fn is_to_be_asked_again(&self, id: &HostId) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let due = asked.get_mut(id).filter(|last| last.elapsed() >= AGAIN);
        due.map(|last| *last = Instant::now()).is_some()
    }
}

/// Between two times that the power button is pressed.
const AGAIN: Duration = Duration::from_secs(2);
