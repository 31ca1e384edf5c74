//! Which hypervisor runs which VM.

use std::path::Path;

use cocoon_images::Firmware;
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

/// What a VM that is to be created asks of its hypervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Demands {
    /// Boots a kernel, and not its disk.
    pub(crate) kernel: bool,
    /// Who boots its disk.
    pub(crate) firmware: Firmware,
    /// Is content with a network of this installation, or none: it needs none of the hypervisor's.
    pub(crate) cocoons_network: bool,
    /// May be given volumes, as every host may.
    pub(crate) volumes: bool,
}

/// All of them, and which one runs what is created from now on.
#[derive(Debug)]
pub(crate) struct Hypervisors {
    /// The one whose program the user names.
    named: Option<HypervisorKind>,
    qemu: Qemu,
    cloud_hypervisor: CloudHypervisor,
}

impl Hypervisors {
    /// The program that the user names is the named one's; the other is looked for in `PATH`.
    pub(crate) fn new(program: Option<&Path>, acceleration: Acceleration) -> Self {
        let named = program.map(HypervisorKind::of);
        let program = |kind| program.filter(|_| named == Some(kind)).map(Path::to_owned);
        Self {
            named,
            qemu: Qemu::new(program(HypervisorKind::Qemu), acceleration),
            cloud_hypervisor: CloudHypervisor::new(program(HypervisorKind::CloudHypervisor), acceleration),
        }
    }

    /// The one that the user names, or Cloud Hypervisor where it is installed and can do all that the VM demands, or QEMU.
    pub(crate) fn choose(&self, demands: Demands) -> HypervisorKind {
        let boots = demands.kernel || demands.firmware == Firmware::Uefi && CloudHypervisor::firmware().is_some();
        match self.named {
            Some(named) => named,
            None if boots && demands.cocoons_network && !demands.volumes && self.cloud_hypervisor.runs_here() => {
                HypervisorKind::CloudHypervisor
            }
            None => HypervisorKind::Qemu,
        }
    }

    /// The one that the user names.
    pub(crate) fn named(&self) -> Option<HypervisorKind> {
        self.named
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

    const DEMANDS: Demands =
        Demands { kernel: true, firmware: Firmware::Nothing, cocoons_network: true, volumes: false };

    #[test]
    fn a_program_is_known_by_its_name() {
        for (program, kind) in [
            ("/opt/cloud-hypervisor-static", HypervisorKind::CloudHypervisor),
            ("cloud-hypervisor", HypervisorKind::CloudHypervisor),
            ("/cloud-hypervisor/qemu-system-x86_64", HypervisorKind::Qemu),
        ] {
            assert_eq!(Hypervisors::new(Some(program.as_ref()), Acceleration::Auto).choose(DEMANDS), kind, "{program}");
        }
    }

    #[test]
    fn cloud_hypervisor_comes_first_where_it_can_do_what_is_demanded() {
        // Any program that is there stands for it, since nothing is executed.
        let chosen = |program: &str, acceleration, demands| {
            let mut hypervisors = Hypervisors::new(None, acceleration);
            hypervisors.cloud_hypervisor = CloudHypervisor::new(Some(program.into()), acceleration);
            hypervisors.choose(demands)
        };
        assert_eq!(chosen("/bin/sh", Acceleration::Kvm, DEMANDS), HypervisorKind::CloudHypervisor);
        assert_eq!(chosen("/bin/sh", Acceleration::None, DEMANDS), HypervisorKind::Qemu, "it emulates nothing");
        assert_eq!(chosen("/nonexistent", Acceleration::Kvm, DEMANDS), HypervisorKind::Qemu);
        let networked = Demands { cocoons_network: false, ..DEMANDS };
        assert_eq!(chosen("/bin/sh", Acceleration::Kvm, networked), HypervisorKind::Qemu);
        let host = Demands { volumes: true, ..DEMANDS };
        assert_eq!(chosen("/bin/sh", Acceleration::Kvm, host), HypervisorKind::Qemu);
        let old = Demands { kernel: false, firmware: Firmware::Bios, ..DEMANDS };
        assert_eq!(chosen("/bin/sh", Acceleration::Kvm, old), HypervisorKind::Qemu);
    }
}
