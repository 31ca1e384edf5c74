//! A VM as it is seen from outside: its record, and what is true of it now.

use std::fmt;
use std::io;
use std::path::PathBuf;

use cloud_types::{Name, Result};
use jiff::Timestamp;
use serde::Serialize;

use crate::error;
use crate::hypervisor::HypervisorKind;
use crate::state::{Alive, DiskSnapshot, Ending, FileLock, Hardware, HostMark, Power, Record, Store, VmId};

/// A VM, as it was at the moment of the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Vm {
    /// What tells it from a later VM of its name.
    pub id: VmId,
    /// Its name.
    pub name: Name,
    /// Whether it runs.
    pub state: VmState,
    /// The hypervisor's process, while there is one.
    pub process: Option<u32>,
    /// How its last run ended, where it does not run.
    pub ending: Option<Ending>,
    /// What runs it.
    pub hypervisor: HypervisorKind,
    /// When it was created.
    pub created_at: Timestamp,
    /// Since when the state is as it is, as far as that is known.
    pub since: Option<Timestamp>,
    /// The machine.
    pub hardware: Hardware,
    /// The snapshots of its disks.
    pub snapshots: Vec<DiskSnapshot>,
    /// What it is as a host of a provider; none for a VM that was made otherwise.
    pub host: Option<HostMark>,
    /// Where its disks are.
    pub directory: PathBuf,
    /// The socket of its first serial port.
    pub console_socket: PathBuf,
    /// All that its first serial port ever said.
    pub console_log: PathBuf,
    /// What its hypervisor said of itself.
    pub hypervisor_log: PathBuf,
}

/// Whether a VM runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum VmState {
    /// No hypervisor runs.
    Stopped,
    /// A command is starting it.
    Starting,
    /// Its hypervisor runs.
    Running,
    /// A command is stopping it.
    Stopping,
}

impl fmt::Display for VmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
        })
    }
}

impl Vm {
    /// Reads a VM, without waiting for anybody who changes it.
    pub(crate) fn observe(store: &Store, name: &Name) -> Result<Self> {
        let record = store.read(name)?;
        match Seen::of(store, &record) {
            Ok(seen) => Ok(Self::new(store, record, &seen)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error::no_such_vm(name.as_str())),
            Err(error) => Err(error::io(format_args!("looking at {name}"), error)),
        }
    }

    fn new(store: &Store, record: Record, seen: &Seen) -> Self {
        let paths = store.paths(&record);
        Self {
            console_socket: paths.console_socket(),
            console_log: paths.console_log(),
            hypervisor_log: paths.hypervisor_log(),
            directory: paths.directory,
            id: record.id,
            name: record.name,
            state: seen.state,
            process: seen.process,
            ending: seen.ending,
            hypervisor: record.hypervisor,
            created_at: record.created_at,
            since: seen.since,
            hardware: record.hardware,
            snapshots: record.snapshots,
            host: record.host,
        }
    }
}

/// What is true of a VM, whatever its record says.
struct Seen {
    state: VmState,
    process: Option<u32>,
    ending: Option<Ending>,
    since: Option<Timestamp>,
}

impl Seen {
    fn of(store: &Store, record: &Record) -> io::Result<Self> {
        let directory = store.paths(record).directory;
        let alive = Alive::of(&directory);
        let runs = |state, process, at| Self { state, process, ending: None, since: Some(at) };
        let ended = |ending, since| Self { state: VmState::Stopped, process: None, ending: Some(ending), since };
        match record.power {
            // Written after the proof, and before another start.
            Power::Stopped { ending, at } => Ok(ended(ending, Some(at))),
            Power::Running { process, at } if alive.is_held_by(process)? => {
                Ok(runs(VmState::Running, Some(process), at))
            }
            Power::Running { .. } => Ok(ended(Ending::ByItself, None)),
            Power::Stopping { process, at } if alive.is_held_by(process)? => {
                // Without a command that stops it, it runs.
                let state = match FileLock::try_shared(&directory.join("lock"))? {
                    Some(_) => VmState::Running,
                    None => VmState::Stopping,
                };
                Ok(runs(state, Some(process), at))
            }
            Power::Stopping { .. } => Ok(ended(Ending::ByItself, None)),
            Power::Starting { at } => match FileLock::try_shared(&directory.join("lock"))? {
                None => Ok(runs(VmState::Starting, None, at)),
                // The command that was starting it has died. The lock is held meanwhile, as `alive` demands.
                Some(_lock) if alive.is_held()? => Ok(runs(VmState::Running, None, at)),
                Some(_lock) => Ok(ended(Ending::FailedToStart, Some(at))),
            },
        }
    }
}
