//! Which hypervisor runs which VM.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Hypervisor;
use super::cloud_hypervisor::CloudHypervisor;
use super::qemu::Qemu;
use crate::config::Acceleration;

/// What runs a VM, chosen when it is created: its control socket is spoken to in these words for as long as it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum HypervisorKind {
    /// QEMU, by KVM or by emulation.
    Qemu,
    /// Cloud Hypervisor, by KVM.
    CloudHypervisor,
}

impl HypervisorKind {
    /// What a program of this name is: Cloud Hypervisor where the name begins so, QEMU otherwise.
    fn of(program: &Path) -> Self {
        let name = program.file_name().map(|name| name.to_string_lossy().into_owned());
        match name {
            Some(name) if name.starts_with("cloud-hypervisor") => Self::CloudHypervisor,
            _ => Self::Qemu,
        }
    }
}

/// All of them, and which one runs what is created from now on.
#[derive(Debug)]
pub(crate) struct Hypervisors {
    chosen: HypervisorKind,
    qemu: Qemu,
    cloud_hypervisor: CloudHypervisor,
}

impl Hypervisors {
    /// The program that the user names is the chosen one's; the other is looked for in `PATH`.
    pub(crate) fn new(program: Option<&Path>, acceleration: Acceleration) -> Self {
        let chosen = program.map_or(HypervisorKind::Qemu, HypervisorKind::of);
        let named = |kind| program.filter(|_| kind == chosen).map(Path::to_owned);
        Self {
            chosen,
            qemu: Qemu::new(named(HypervisorKind::Qemu), acceleration),
            cloud_hypervisor: CloudHypervisor::new(named(HypervisorKind::CloudHypervisor), acceleration),
        }
    }

    pub(crate) fn chosen(&self) -> HypervisorKind {
        self.chosen
    }

    pub(crate) fn of(&self, kind: HypervisorKind) -> &dyn Hypervisor {
        match kind {
            HypervisorKind::Qemu => &self.qemu,
            HypervisorKind::CloudHypervisor => &self.cloud_hypervisor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_known_by_its_name() {
        for (program, kind) in [
            ("/opt/cloud-hypervisor-static", HypervisorKind::CloudHypervisor),
            ("cloud-hypervisor", HypervisorKind::CloudHypervisor),
            ("/cloud-hypervisor/qemu-system-x86_64", HypervisorKind::Qemu),
        ] {
            assert_eq!(Hypervisors::new(Some(program.as_ref()), Acceleration::Auto).chosen(), kind, "{program}");
        }
        assert_eq!(Hypervisors::new(None, Acceleration::Auto).chosen(), HypervisorKind::Qemu);
    }
}
