//! What this box has, and what of it is left to give.

use std::thread::available_parallelism;

use cloud_types::{Error, ErrorKind, GiB, MachineType, MiB, Result};
use cocoon::{Vm, VmState};

/// The most that hosts that run may have together; what is not said is measured.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limits {
    pub(crate) memory: Option<MiB>,
    pub(crate) vcpus: Option<u32>,
}

/// The limits of this box.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BoxLimits {
    pub(crate) memory: MiB,
    pub(crate) vcpus: u32,
    /// The processors that there are.
    pub(crate) box_cpus: u32,
}

impl Limits {
    pub(crate) fn resolved(&self) -> Result<BoxLimits> {
        let cpus = available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX));
        let memory = match self.memory {
            Some(memory) => memory,
            None => MiB(cocoon::box_memory()?.0 / 10 * 9),
        };
        let vcpus = self.vcpus.unwrap_or_else(|| cpus.saturating_mul(OVERCOMMIT));
        Ok(BoxLimits { memory, vcpus, box_cpus: cpus })
    }
}

/// Virtual processors for each of the box's: guests are idle most of the time.
const OVERCOMMIT: u32 = 8;

/// What is left to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Free {
    memory: MiB,
    vcpus: u32,
    disk: GiB,
}

impl Free {
    /// What these VMs leave, and `disk`. Those that are stopped need their disks alone.
    pub(crate) fn beside(vms: &[Vm], limits: &BoxLimits, disk: GiB) -> Self {
        let running = || vms.iter().filter(|vm| vm.state != VmState::Stopped).map(|vm| &vm.hardware);
        let memory = running().map(|hardware| hardware.memory.0).sum();
        let vcpus = running().map(|hardware| hardware.cpus).sum();
        Self { memory: MiB(limits.memory.0.saturating_sub(memory)), vcpus: limits.vcpus.saturating_sub(vcpus), disk }
    }

    /// Whether there is room for another host of this type.
    pub(crate) fn fits(&self, machine: &MachineType) -> bool {
        self.lacks(machine, crate::machine::disk(machine)).is_none()
    }

    /// `Ok` where there is room for another host of this type with disks of this size together.
    ///
    /// # Errors
    /// `NoCapacity`, saying what there is too little of.
    pub(crate) fn check(&self, machine: &MachineType, disk: GiB) -> Result<()> {
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
