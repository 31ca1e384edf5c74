//! Stopping a VM: by asking it, then its hypervisor, then nobody.

use std::time::Duration;

use cloud_types::{Error, ErrorKind, Name, Result};
use jiff::Timestamp;
use tokio::time::Instant;

use crate::state::{Ending, Holder, LockedVm, Power, Proof};
use crate::{Cocoon, Notice, crash, error};

/// How a VM is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Asks it to power off (ACPI), and gives it this long; then as [`Now`](Self::Now).
    Within(Duration),
    /// Ends its hypervisor, with what it holds of the disks written back. What the guest had not written is lost, as when a
    /// cable is pulled.
    Now,
}

/// What a stop found and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// It ran, and this is how it ended.
    Now(Ending),
    /// It did not run.
    Already,
}

impl Cocoon {
    /// Makes a VM not run; answers when that is proven. That it does not run already is no error.
    ///
    /// What goes other than asked is told as a [`Notice`] while it happens, and by the answer.
    ///
    /// # Errors
    /// `NotFound` without such a VM; `Conflict` where another command keeps the VM for itself; `Unexpected` where the
    /// hypervisor survives its end.
    pub async fn stop(&self, name: &Name, how: Stop) -> Result<Stopped> {
        let mut vm = self.store.lock(name, "stop").await?;
        crash::point("stop: locked");
        match vm.alive().prove(vm.last_process()).await? {
            Proof::Dead(_alive) => {
                self.disconnect(&vm).await?;
                note_end(&mut vm, Ending::ByItself).await?;
                Ok(Stopped::Already)
            }
            Proof::Runs(holder) => {
                vm.set_power(Power::Stopping { process: holder.process(), at: Timestamp::now() }).await?;
                crash::point("stop: noted");
                let ending = self.end(&vm, &holder, how).await?;
                crash::point("stop: ended");
                match vm.alive().prove(None).await? {
                    Proof::Dead(_alive) => {
                        self.disconnect(&vm).await?;
                        note_end(&mut vm, ending).await?;
                    }
                    Proof::Runs(_) => return Err(survived(name)),
                }
                Ok(Stopped::Now(ending))
            }
        }
    }

    /// Presses a VM's power button once, and leaves it to the guest what comes of it. Answers whether it runs.
    ///
    /// # Errors
    /// As [`stop`](Self::stop), and `Timeout` where the hypervisor does not answer.
    pub async fn press_power_button(&self, name: &Name) -> Result<bool> {
        let mut vm = self.store.lock(name, "stop").await?;
        match vm.alive().prove(vm.last_process()).await? {
            Proof::Dead(_alive) => note_end(&mut vm, Ending::ByItself).await.map(|()| false),
            Proof::Runs(_) => {
                let mut control = self.hypervisor(vm.record()).connect(vm.paths(), END).await?;
                control.press_power_button().await.map(|()| true)
            }
        }
    }

    /// Ends a hypervisor, the mildest way first.
    pub(crate) async fn end(&self, vm: &LockedVm, holder: &Holder, how: Stop) -> Result<Ending> {
        let name = &vm.record().name;
        let trouble = match self.end_by_control(vm, holder, how).await {
            Ok(Some(ending)) => return Ok(ending),
            Ok(None) => "it was told to end and did not".to_owned(),
            // What it was told may have reached it, though the answer did not come back.
            Err(_) if holder.ended_within(Duration::ZERO).await => return Ok(Ending::Ended),
            Err(error) => error.message().to_owned(),
        };
        self.listener.tell(&Notice::Killing { name: name.clone(), reason: trouble });
        holder.kill().map_err(|error| error::io("killing the hypervisor", error))?;
        if holder.ended_within(END).await { Ok(Ending::Killed) } else { Err(survived(name)) }
    }

    /// Ends it by its control socket; `None` where it stays all the same.
    async fn end_by_control(&self, vm: &LockedVm, holder: &Holder, how: Stop) -> Result<Option<Ending>> {
        let mut control = self.hypervisor(vm.record()).connect(vm.paths(), END).await?;
        if let Stop::Within(grace) = how {
            let name = &vm.record().name;
            let deadline = Instant::now() + grace;
            self.listener.tell(&Notice::AskedToPowerOff { name: name.clone(), grace });
            loop {
                // A guest that still boots does not see its button so far: it is pressed again.
                control.press_power_button().await?;
                crash::point("stop: asked");
                let left = deadline.saturating_duration_since(Instant::now());
                if holder.ended_within(left.min(AGAIN)).await {
                    return Ok(Some(Ending::PoweredOff));
                }
                if left <= AGAIN {
                    break;
                }
            }
            self.listener.tell(&Notice::GraceIsOver { name: name.clone(), grace });
        }
        control.quit().await?;
        Ok(holder.ended_within(END).await.then_some(Ending::Ended))
    }
}

/// Notes that nothing runs, which the caller has proven, unless that is noted already.
pub(crate) async fn note_end(vm: &mut LockedVm, ending: Ending) -> Result<()> {
    if !matches!(vm.record().power, Power::Stopped { .. }) {
        vm.set_power(Power::Stopped { ending, at: Timestamp::now() }).await?;
        crash::point("stop: end noted");
    }
    vm.bound_log().await?;
    vm.forget_run().await
}

fn survived(name: &Name) -> Error {
    Error::new(ErrorKind::Unexpected, format!("{name}: the hypervisor's process has survived its end"))
}

/// Between two times that the power button is pressed.
const AGAIN: Duration = Duration::from_secs(2);

/// How long a hypervisor may take to answer, and to end once it was told to.
const END: Duration = Duration::from_secs(5);
