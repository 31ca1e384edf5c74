//! Starting a VM, or finishing a start that a killed command began.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::time::Duration;

use cloud_types::{Error, ErrorKind, Name, Result};
use cocoon_images::system::blocking;
use jiff::Timestamp;

use crate::hypervisor::process;
use crate::snapshot::settle_disks;
use crate::state::{Ending, Holder, LockedVm, Power, Proof, VmPaths};
use crate::vm::Vm;
use crate::{Cocoon, console_log, crash, error};

/// What a start found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// It was stopped, and runs now.
    Now(Vm),
    /// It ran already.
    Already(Vm),
}

/// What the beginning of a start found.
pub(crate) enum Begun {
    /// A hypervisor runs now, as this process.
    Now(u32),
    /// One ran already.
    Already(Holder),
}

impl Cocoon {
    /// Makes a VM run; answers when its hypervisor does. That it runs already is no error.
    ///
    /// # Errors
    /// `NotFound` without such a VM; `Unsupported` where the hypervisor is missing; `Unavailable` where it ends at once,
    /// with its last words; `Timeout` where it does not answer; `Conflict` where another command keeps the VM for itself.
    pub async fn start(&self, name: &Name) -> Result<Started> {
        let mut vm = self.store.lock(name, "start").await?;
        crash::point("start: locked");
        let process = match self.begin(&mut vm).await? {
            Begun::Already(holder) => return self.adopt(vm, &holder).await.map(Started::Already),
            Begun::Now(process) => process,
        };
        match self.answers(&vm, process).await {
            Ok(()) => {
                crash::point("start: answers");
                vm.set_power(Power::Running { process, at: Timestamp::now() }).await?;
                self.inspect(name).await.map(Started::Now)
            }
            Err(error) => {
                self.give_up(&mut vm, process).await?;
                Err(error.with_context(name))
            }
        }
    }

    /// Starts the hypervisor's process, unless there is one, and does not wait for its answer.
    pub(crate) async fn begin(&self, vm: &mut LockedVm) -> Result<Begun> {
        let alive = match vm.alive().prove(vm.last_process()).await? {
            Proof::Runs(holder) => return Ok(Begun::Already(holder)),
            Proof::Dead(alive) => alive,
        };
        settle_disks(vm).await?;
        let line = self.hypervisor(vm.record()).command(vm.record(), vm.paths())?;
        let log = prepare(vm.paths()).await?;
        vm.set_power(Power::Starting { at: Timestamp::now() }).await?;
        crash::point("start: noted");
        if let Err(error) = self.connect(vm).await {
            self.disconnect(vm).await.ok();
            vm.set_power(Power::Stopped { ending: Ending::FailedToStart, at: Timestamp::now() }).await?;
            return Err(error.with_context(&vm.record().name));
        }
        let process = match process::spawn(&line, alive, log) {
            Ok(process) => process,
            Err(error) => {
                self.disconnect(vm).await.ok();
                return Err(error);
            }
        };
        crash::point("start: spawned");
        Ok(Begun::Now(process))
    }

    /// Takes note of a hypervisor whose start nobody finished.
    async fn adopt(&self, mut vm: LockedVm, holder: &Holder) -> Result<Vm> {
        match vm.record().power {
            Power::Running { process, .. } if process == holder.process() => {}
            _ => {
                self.hypervisor(vm.record()).connect(vm.paths(), self.start_within).await?;
                vm.set_power(Power::Running { process: holder.process(), at: Timestamp::now() }).await?;
            }
        }
        // Whoever has flushed the box's rules meanwhile repairs the network this way.
        self.connect(&vm).await?;
        self.inspect(&vm.record().name).await
    }

    /// Waits until the hypervisor answers, or ends.
    async fn answers(&self, vm: &LockedVm, process: u32) -> Result<()> {
        let alive = async {
            let hypervisor = self.hypervisor(vm.record());
            hypervisor.connect(vm.paths(), self.start_within).await?;
            hypervisor.shows_life(vm.paths(), self.start_within).await
        };
        let connected = tokio::select! {
            alive = alive => alive,
            // That it has not ended in all that time is no answer.
            Err(ended) = ended(vm, process, 2 * self.start_within) => Err(ended),
        };
        match connected {
            Ok(()) => Ok(()),
            // It may have ended in the midst of its greeting: then its own words say more.
            Err(error) if error.kind() == ErrorKind::Unavailable => ended(vm, process, END).await.and(Err(error)),
            Err(error) => Err(error),
        }
    }

    /// Makes sure that nothing runs, and notes it.
    async fn give_up(&self, vm: &mut LockedVm, process: u32) -> Result<()> {
        if let Proof::Runs(holder) = vm.alive().prove(Some(process)).await? {
            holder.kill().map_err(|error| error::io("killing the hypervisor", error))?;
            holder.ended_within(END).await;
        }
        match vm.alive().prove(None).await? {
            Proof::Dead(_dead) => {
                self.disconnect(vm).await?;
                vm.set_power(Power::Stopped { ending: Ending::FailedToStart, at: Timestamp::now() }).await
            }
            Proof::Runs(_) => Err(Error::new(ErrorKind::Unexpected, "the hypervisor cannot be killed")),
        }
    }
}

/// Waits for the hypervisor's end, which is the error; `Ok` where it does not come within `patience`.
async fn ended(vm: &LockedVm, process: u32, patience: Duration) -> Result<()> {
    match vm.alive().prove(Some(process)).await? {
        Proof::Runs(holder) if !holder.ended_within(patience).await => Ok(()),
        _ => {
            let words = process::last_words(&vm.paths().hypervisor_log());
            let advice = advice(vm, &words).map(|advice| format!("{advice}: ")).unwrap_or_default();
            Err(Error::new(ErrorKind::Unavailable, format!("{advice}the hypervisor ended at once: {words}")))
        }
    }
}

/// What a hypervisor's last words come to, where they are hard to read.
fn advice(vm: &LockedVm, words: &str) -> Option<String> {
    let published = vm.record().hardware.published.iter();
    let refused = |address: &str| words.contains("forwarding rule") && words.contains(&format!("tcp:{address}-"));
    let mut taken = published.map(|port| format!("{}:{}", port.address, port.host));
    let taken = taken.find(|address| refused(address))?;
    Some(format!("port {taken} of this box is taken, or not yours to take (`ss -ltnp` shows by whom)"))
}

/// How long a process may take to end once it was told to for good.
const END: Duration = Duration::from_secs(5);

/// Empty directories for sockets and logs; answers the log of the hypervisor, which begins anew with each start.
async fn prepare(paths: &VmPaths) -> Result<File> {
    let (run, log, file) = (paths.run().to_owned(), paths.log().to_owned(), paths.hypervisor_log());
    let console = paths.console_log();
    let doing = format!("making {} and {}", run.display(), log.display());
    let prepared = blocking(move || {
        for directory in [&run, &log] {
            DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        }
        for entry in fs::read_dir(&run)? {
            fs::remove_file(entry?.path())?;
        }
        console_log::bound(&console)?;
        File::create(file)
    });
    prepared.await.map_err(|error| error::io(doing, error))
}
