//! Giving a VM that does not run other processors, another amount of memory, or larger disks.

use cloud_types::{Error, GiB, MachineTypeName, MiB, Name, Result};
use cocoon_images::DiskFormat;

use crate::state::{Disk, LockedVm, VmId};
use crate::vm::Vm;
use crate::{Cocoon, crash, disk, error, seed, spec};

/// What is to be changed; the rest stays.
///
/// ```
/// use cloud_types::{GiB, MiB};
///
/// let resize = cocoon::Resize::new().cpus(4).memory(MiB::from_gib(8)).storage(GiB(40));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resize {
    pub(crate) cpus: Option<u32>,
    pub(crate) memory: Option<MiB>,
    pub(crate) storage: Option<GiB>,
    pub(crate) data_disks: Vec<(usize, GiB)>,
    pub(crate) machine_type: Option<MachineTypeName>,
}

impl Resize {
    /// Changes nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Virtual CPUs, 1 to 255.
    #[must_use]
    pub fn cpus(mut self, cpus: u32) -> Self {
        self.cpus = Some(cpus);
        self
    }

    /// Memory, from 16 MiB.
    #[must_use]
    pub fn memory(mut self, memory: MiB) -> Self {
        self.memory = Some(memory);
        self
    }

    /// The system disk's size. It only grows; the guest has to grow its partition and its file system itself, which
    /// cloud-init does when it boots.
    #[must_use]
    pub fn storage(mut self, size: GiB) -> Self {
        self.storage = Some(size);
        self
    }

    /// The size of a data disk, counted from 1. It only grows.
    #[must_use]
    pub fn data_disk(mut self, number: usize, size: GiB) -> Self {
        self.data_disks.push((number, size));
        self
    }

    /// What the VM's size is called from then on in its provider's catalog, where it is a [host](crate::HostMark).
    #[must_use]
    pub fn machine_type(mut self, name: MachineTypeName) -> Self {
        self.machine_type = Some(name);
        self
    }
}

impl Cocoon {
    /// Changes a VM that does not run. Disks grow first, and then all else changes in one step; a repeat finishes what was
    /// interrupted.
    ///
    /// # Errors
    /// `NotFound` without such a VM; `Conflict` where it runs; `InvalidRequest` by field where the wish breaks a rule, or a
    /// disk would shrink, which would cut off what is at its end.
    pub async fn resize(&self, name: &Name, resize: &Resize) -> Result<Vm> {
        self.resize_incarnation(name, None, resize).await
    }

    /// The same, where the VM of this name still is this incarnation.
    ///
    /// # Errors
    /// As [`resize`](Self::resize); `NotFound` also where another VM has the name by now.
    pub async fn resize_if(&self, name: &Name, id: &VmId, resize: &Resize) -> Result<Vm> {
        self.resize_incarnation(name, Some(id), resize).await
    }

    async fn resize_incarnation(&self, name: &Name, id: Option<&VmId>, resize: &Resize) -> Result<Vm> {
        spec::check_processors(resize.cpus)?;
        spec::check_memory(resize.memory)?;
        let (mut vm, alive) = self.stopped(name, "resize").await?;
        if id.is_some_and(|id| vm.record().id != *id) {
            return Err(error::no_such_vm(name.as_str()));
        }
        let grown = resize.storage.iter().map(|size| ("storage", 0, *size));
        let grown = grown.chain(resize.data_disks.iter().map(|(number, size)| ("data_disk", *number, *size)));
        // All are looked at before the first is changed.
        let mut changes = Vec::new();
        for (field, number, size) in grown {
            changes.extend(growth(&vm, field, number, size)?.map(|bytes| (number, bytes)));
        }
        if !changes.is_empty() {
            vm.change(|record| record.unsettled = true).await?;
        }
        for (number, bytes) in changes {
            let file = vm.paths().directory.join(&vm.record().hardware.disks[number].file);
            disk::grow(&file, bytes, vm.guard()?).await?;
            crash::point("resize: disk grown");
        }
        vm.change(|record| {
            record.unsettled = false;
            let hardware = &mut record.hardware;
            hardware.cpus = resize.cpus.unwrap_or(hardware.cpus);
            hardware.memory = resize.memory.unwrap_or(hardware.memory);
            if let (Some(host), Some(machine_type)) = (&mut record.host, &resize.machine_type) {
                host.machine_type = machine_type.clone();
            }
        })
        .await?;
        drop((alive, vm));
        self.inspect(name).await
    }
}

/// The bytes that a disk is to have; `None` where it has them.
fn growth(vm: &LockedVm, field: &'static str, number: usize, size: GiB) -> Result<Option<u64>> {
    spec::check_size(field, size)?;
    let disks = &vm.record().hardware.disks;
    let own = |disk: &&Disk| disk.format == DiskFormat::Qcow2 && disk.file != std::path::Path::new(seed::DISK);
    let found = disks.get(number).filter(own).filter(|_| (number == 0) == (field == "storage"));
    let Some(disk) = found else {
        return Err(Error::invalid(field, format!("there is no data disk {number}: they are counted from 1")));
    };
    let now = disk::size(&vm.paths().directory.join(&disk.file))?;
    let wanted = u64::from(size.0) << 30;
    if wanted < now {
        return Err(Error::invalid(field, format!("has {now} bytes already, and a disk does not shrink to {size}")));
    }
    Ok((wanted > now).then_some(wanted))
}
