//! The provider as its tests use it: with the test guest as Debian 12, and machine types that are as small.

use std::process::{Command, Stdio};

use cloud_cocoon::{Config, HostImage, Prices, Provider};
use cloud_types::{
    Architecture, CpuKind, GiB, HostSpec, Image, Machine, MachineType, MachineTypeName, MiB, Name, Owner, Region,
};
use cocoon::{Acceleration, Cocoon, DirectKernel};

use crate::folder::Folder;
use crate::guest::guest;

/// An installation in which hosts can be made; `None`, with a word, where this box has not got what they need.
pub(crate) fn installation() -> Option<Folder> {
    let mut xorriso = Command::new("xorriso");
    if xorriso.arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        eprintln!("skipped: xorriso is not installed (Debian's package has its name)");
        return None;
    }
    Folder::new()
}

/// The memory that all hosts that run may have together.
pub(crate) const MEMORY: MiB = MiB(2048);

pub(crate) fn cocoon(here: &Folder) -> Cocoon {
    cocoon::Config::new().root_dir(here.root()).acceleration(Acceleration::None).build()
}

/// The test guest.
pub(crate) fn kernel() -> DirectKernel {
    DirectKernel { kernel: guest().expect("looked for before").to_owned(), ..DirectKernel::default() }
}

/// The provider of this owner.
pub(crate) fn of(here: &Folder, owner: &str) -> Provider {
    let disk = here.disk().to_str().expect("a path of ours").to_owned();
    let config = Config::new(cocoon(here))
        .owner(Owner::new(owner).expect("a valid owner"))
        .image(Image::debian("12"), HostImage::new(disk).kernel(kernel()))
        .prices("EUR vcpu=0.004 memory=0.002 disk=0.05".parse::<Prices>().expect("prices"))
        .memory_limit(MEMORY)
        .vcpu_limit(64)
        // So small that lists have several pages.
        .page_size(2);
    let machines = [("small", 1, 1), ("medium", 2, 2)].map(|(name, vcpus, disk)| MachineType {
        name: MachineTypeName::new(name).expect("a valid name"),
        vcpus,
        cpu: CpuKind::Shared,
        memory: MiB(32),
        disk: Some(GiB(disk)),
        architecture: Architecture::X86_64,
        gpu: None,
        deprecated: false,
    });
    machines.into_iter().fold(config, Config::machine_type).build().expect("valid settings")
}

/// The smallest host.
pub(crate) fn spec(name: &Name) -> HostSpec {
    let machine = Machine::named("small").expect("a valid machine type");
    HostSpec::new(name.clone(), Region::new("local").expect("a valid region"), machine, Image::debian("12"))
}
