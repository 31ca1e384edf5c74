//! What this box has, and what of it is left to give.

use std::fs;
use std::path::Path;
use std::thread::available_parallelism;

use cloud_types::{Error, ErrorKind, GiB, MachineType, MiB, Result};

use crate::error;
use crate::vm::{Vm, VmState};

/// The most that hosts that run may have together; what is not said is measured.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Limits {
    pub(super) memory: Option<MiB>,
    pub(super) vcpus: Option<u32>,
}

/// The limits of this box.
#[derive(Debug, Clone, Copy)]
pub(super) struct BoxLimits {
    pub(super) memory: MiB,
    pub(super) vcpus: u32,
    /// The processors that there are.
    pub(super) box_cpus: u32,
}

impl Limits {
    pub(super) fn resolved(&self) -> Result<BoxLimits> {
        let cpus = available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX));
        let memory = match self.memory {
            Some(memory) => memory,
            None => MiB(total_memory()?.0 / 10 * 9),
        };
        let vcpus = self.vcpus.unwrap_or_else(|| cpus.saturating_mul(OVERCOMMIT));
        Ok(BoxLimits { memory, vcpus, box_cpus: cpus })
    }
}

/// Virtual processors for each of the box's: guests are idle most of the time.
const OVERCOMMIT: u32 = 8;

/// What is left to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Free {
    memory: MiB,
    vcpus: u32,
    disk: GiB,
}

impl Free {
    /// What these VMs leave, with the disks below `root`. Those that are stopped need their disks alone.
    pub(super) fn beside(vms: &[Vm], limits: &BoxLimits, root: &Path) -> Result<Self> {
        let running = || vms.iter().filter(|vm| vm.state != VmState::Stopped).map(|vm| &vm.hardware);
        let memory = running().map(|hardware| hardware.memory.0).sum();
        let vcpus = running().map(|hardware| hardware.cpus).sum();
        Ok(Self {
            memory: MiB(limits.memory.0.saturating_sub(memory)),
            vcpus: limits.vcpus.saturating_sub(vcpus),
            disk: free_disk(root)?,
        })
    }

    /// Whether there is room for another host of this type.
    pub(super) fn fits(&self, machine: &MachineType) -> bool {
        self.lacks(machine, super::machine::disk(machine)).is_none()
    }

    /// `Ok` where there is room for another host of this type with disks of this size together.
    ///
    /// # Errors
    /// `NoCapacity`, saying what there is too little of.
    pub(super) fn check(&self, machine: &MachineType, disk: GiB) -> Result<()> {
        match self.lacks(machine, disk) {
            None => Ok(()),
            Some(what) => Err(Error::new(ErrorKind::NoCapacity, format!("this box has {what} for a {}", machine.name))),
        }
    }

    fn lacks(&self, machine: &MachineType, disk: GiB) -> Option<String> {
        if machine.memory > self.memory {
            Some(format!("{} of memory left to give, and not {}", self.memory, machine.memory))
        } else if machine.vcpus > self.vcpus {
            Some(format!("{} virtual processors left to give, and not {}", self.vcpus, machine.vcpus))
        } else if disk > self.disk {
            Some(format!("{} of disk left, and not {disk}", self.disk))
        } else {
            None
        }
    }
}

/// The memory that this box has: <https://man7.org/linux/man-pages/man5/proc_meminfo.5.html>.
fn total_memory() -> Result<MiB> {
    let text = fs::read_to_string("/proc/meminfo").map_err(|error| error::io("reading /proc/meminfo", error))?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kibibytes
        .map(|kibibytes| MiB(kibibytes / 1024))
        .ok_or_else(|| Error::new(ErrorKind::Unexpected, "/proc/meminfo does not tell the memory"))
}

/// The room that is left for this user, below a directory that may not be there so far.
fn free_disk(root: &Path) -> Result<GiB> {
    let there = root.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let seen = rustix::fs::statvfs(there)
        .map_err(|error| error::io(format_args!("looking at {}", there.display()), error.into()))?;
    let bytes = u128::from(seen.f_bavail) * u128::from(seen.f_frsize);
    Ok(GiB(u32::try_from(bytes >> 30).unwrap_or(u32::MAX)))
}
