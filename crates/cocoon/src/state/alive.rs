//! The proof that a VM's hypervisor runs, or does not: the lock `alive`.
//!
//! The hypervisor is started with the locked file as its standard input, and the command that started it closes its own. So
//! the kernel releases the lock with the hypervisor's process, however that ends, and no process id that was given to
//! another can deceive. Who holds it is found by its standard input.
//!
//! Whoever takes the lock has to hold the VM's `lock`, alone or shared: so nobody who only looks can be taken for a
//! hypervisor.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cloud_types::{Error, ErrorKind, Result};
use cocoon_images::system::{locked, same_file};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::time::{Instant, sleep};

use crate::error;

/// The lock `alive` of one VM, or one like it.
#[derive(Debug, Clone)]
pub(crate) struct Alive {
    path: PathBuf,
    held: Held,
}

/// How a process that runs holds its lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    /// As its standard input, where it stays.
    AsInput,
    /// By a descriptor of the process's own choice.
    Anyhow,
}

/// What the lock proves.
#[derive(Debug)]
pub(crate) enum Proof {
    /// No hypervisor runs, and none will while this file is open.
    Dead(File),
    /// This one runs.
    Runs(Holder),
}

impl Alive {
    /// The lock of the VM in this directory.
    pub(crate) fn of(directory: &Path) -> Self {
        Self { path: directory.join("alive"), held: Held::AsInput }
    }

    /// The lock on this file, which a process got as its standard error and keeps as whatever it likes.
    pub(crate) fn kept_anyhow(path: PathBuf) -> Self {
        Self { path, held: Held::Anyhow }
    }

    /// Proves one or the other, for who changes the VM. `hint` is the process that probably holds the lock.
    ///
    /// # Errors
    /// `Conflict` where the lock is held by a process that is not to be seen, such as another user's.
    pub(crate) async fn prove(&self, hint: Option<u32>) -> Result<Proof> {
        let failed = |error| error::io(format_args!("looking at {}", self.path.display()), error);
        let deadline = Instant::now() + SETTLING;
        loop {
            if let Some(file) = self.take().map_err(failed)? {
                return Ok(Proof::Dead(file));
            }
            if let Some(holder) = self.holder(hint).map_err(failed)? {
                return Ok(Proof::Runs(holder));
            }
            // A process that ends closes its files one after the other; one that starts is not yet what it will be.
            if Instant::now() > deadline {
                let message = format!("{} is locked by a process that this user cannot see", self.path.display());
                return Err(Error::new(ErrorKind::Conflict, message));
            }
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Takes the lock, or answers `None` where it is held. Closing the file lets go of it, unless a process was started
    /// with it.
    fn take(&self) -> io::Result<Option<File>> {
        let file = fs::OpenOptions::new().read(true).write(true).open(&self.path)?;
        Ok(locked(file.try_lock())?.then_some(file))
    }

    /// Whether a hypervisor runs, asked beside others who ask.
    pub(crate) fn is_held(&self) -> io::Result<bool> {
        let file = File::open(&self.path)?;
        Ok(!locked(file.try_lock_shared())?)
    }

    /// Whether this process holds the lock, without touching it.
    ///
    /// # Errors
    /// `PermissionDenied` where it is another user's.
    pub(crate) fn is_held_by(&self, process: u32) -> io::Result<bool> {
        if self.held == Held::Anyhow {
            return self.is_kept_by(process);
        }
        match fs::metadata(format!("/proc/{process}/fd/0")) {
            Ok(input) => Ok(same_file(&input, &fs::metadata(&self.path)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether one of the process's descriptors is the locked one. Whoever only reads the file has it open without the lock.
    fn is_kept_by(&self, process: u32) -> io::Result<bool> {
        let path = fs::metadata(&self.path)?;
        let descriptors = match fs::read_dir(format!("/proc/{process}/fd")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            descriptors => descriptors?,
        };
        for descriptor in descriptors.flatten() {
            let information = format!("/proc/{process}/fdinfo/{}", descriptor.file_name().to_string_lossy());
            if fs::metadata(descriptor.path()).is_ok_and(|file| same_file(&file, &path))
                && fs::read_to_string(information).is_ok_and(|text| text.contains("FLOCK"))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The process that holds the lock, looked for at `hint` first, then everywhere.
    fn holder(&self, hint: Option<u32>) -> io::Result<Option<Holder>> {
        if let Some(found) = hint.map_or(Ok(None), |process| self.hold_on_to(process))? {
            return Ok(Some(found));
        }
        for entry in fs::read_dir("/proc")? {
            let Some(process) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            // This process has the file open too when it is about to start a hypervisor, but not as its input.
            if let Some(found) = self.hold_on_to(process)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The process, if it holds the lock: first held fast by a descriptor, then looked at, so that its number cannot
    /// pass to another in between.
    fn hold_on_to(&self, process: u32) -> io::Result<Option<Holder>> {
        let Some(pid) = i32::try_from(process).ok().and_then(Pid::from_raw) else { return Ok(None) };
        let descriptor = match pidfd_open(pid, PidfdFlags::NONBLOCK) {
            Ok(descriptor) => descriptor,
            Err(rustix::io::Errno::SRCH | rustix::io::Errno::INVAL) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        match self.is_held_by(process) {
            Ok(true) => Ok(Some(Holder { process, descriptor })),
            Ok(false) => Ok(None),
            // Another user's process is none that this user's command has started.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// How long a lock may be held by nobody who is to be seen.
const SETTLING: Duration = Duration::from_secs(5);

/// Between two looks at a process that is to end.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// A hypervisor's process, held by a descriptor that means this very process for ever.
#[derive(Debug)]
pub(crate) struct Holder {
    process: u32,
    descriptor: OwnedFd,
}

impl Holder {
    /// Its process id.
    pub(crate) fn process(&self) -> u32 {
        self.process
    }

    /// Waits for its end; answers whether that came within `patience`.
    pub(crate) async fn ended_within(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_millis(1);
        while !self.has_ended() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        true
    }

    /// A process's descriptor is readable when it has ended. It is asked again and again: tokio's way to wait for a
    /// descriptor is `unsafe`.
    fn has_ended(&self) -> bool {
        let mut asked = [PollFd::new(&self.descriptor, PollFlags::IN)];
        poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0)
    }

    /// Ends it at once, without a chance to save anything.
    pub(crate) fn kill(&self) -> io::Result<()> {
        match pidfd_send_signal(&self.descriptor, Signal::KILL) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[tokio::test]
    async fn a_process_holds_the_lock_from_its_start_to_its_end() {
        let folder = std::env::temp_dir().join(format!("cocoon-alive-{:016x}", fastrand::u64(..)));
        fs::create_dir(&folder).unwrap();
        File::create(folder.join("alive")).unwrap();
        let alive = Alive::of(&folder);

        let lock = alive.take().unwrap().expect("nobody has it");
        let mut child = Command::new("sleep").arg("60").stdin(Stdio::from(lock)).spawn().unwrap();
        assert!(alive.take().unwrap().is_none());
        assert!(alive.is_held().unwrap());

        // Neither a wrong hint nor none keeps it from being found.
        for hint in [Some(1), Some(child.id()), None] {
            assert_eq!(alive.holder(hint).unwrap().expect("it runs").process(), child.id());
        }
        let holder = alive.holder(None).unwrap().expect("it runs");
        assert!(!holder.ended_within(Duration::ZERO).await);
        holder.kill().unwrap();
        assert!(holder.ended_within(Duration::from_secs(10)).await);
        child.wait().unwrap();
        assert!(alive.take().unwrap().is_some());
        assert!(alive.holder(Some(child.id())).unwrap().is_none());
        fs::remove_dir_all(folder).unwrap();
    }
}
