//! Machine types: sizes that this box can run.

use cloud_types::{Architecture, CpuKind, Error, GiB, MachineType, MachineTypeName, MiB, Result};

/// Name, processors, memory and disk.
const BUILT_IN: [(&str, u32, MiB, GiB); 5] = [
    ("tiny", 1, MiB(512), GiB(5)),
    ("small", 1, MiB::from_gib(1), GiB(10)),
    ("medium", 2, MiB::from_gib(4), GiB(20)),
    ("large", 4, MiB::from_gib(8), GiB(40)),
    ("xlarge", 8, MiB::from_gib(16), GiB(80)),
];

/// The built-in types that a box with these processors and this memory can run.
pub(crate) fn built_in(box_cpus: u32, box_memory: MiB) -> Result<Vec<MachineType>> {
    let fits = |(_, vcpus, memory, _): &&(_, u32, MiB, _)| *vcpus <= box_cpus && *memory <= box_memory;
    BUILT_IN.iter().filter(fits).map(|(name, vcpus, memory, disk)| machine(name, *vcpus, *memory, *disk)).collect()
}

/// A machine type of this box.
fn machine(name: &str, vcpus: u32, memory: MiB, disk: GiB) -> Result<MachineType> {
    Ok(MachineType {
        name: MachineTypeName::new(name)?,
        vcpus,
        cpu: CpuKind::Shared,
        memory,
        disk: Some(disk),
        architecture: Architecture::X86_64,
        gpu: None,
        deprecated: false,
    })
}

/// The type of this name.
///
/// # Errors
/// `InvalidRequest` on field `machine`, naming those that there are.
pub(crate) fn find<'a>(machines: &'a [MachineType], name: &MachineTypeName) -> Result<&'a MachineType> {
    machines.iter().find(|machine| machine.name == *name).ok_or_else(|| {
        let known: Vec<&str> = machines.iter().map(|machine| machine.name.as_str()).collect();
        Error::invalid("machine", format!("must be one of {}, got {name}", known.join(", ")))
    })
}

/// The size of the disk that comes with a machine type.
pub(crate) fn disk(machine: &MachineType) -> GiB {
    machine.disk.unwrap_or(GiB(10))
}

/// What is the same for all of them.
pub(crate) fn custom() -> Result<MachineType> {
    machine("custom", 1, MiB(0), GiB(0))
}
