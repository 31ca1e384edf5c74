//! UEFI firmware under QEMU: its code, which all VMs share, and its variables, of which each VM has its own.
//!
//! It is EDK II's build for QEMU, OVMF, without Secure Boot: <https://github.com/tianocore/tianocore.github.io/wiki/OVMF>.
//! Cloud Hypervisor has a build of its own, and keeps no variables.

use std::path::{Path, PathBuf};

use cloud_types::{Error, Result};

/// One build: the code, and the variables as they are at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ovmf {
    code: &'static str,
    variables: &'static str,
}

impl Ovmf {
    /// The build that is installed here.
    ///
    /// # Errors
    /// `Unsupported` where there is none, with the package to install.
    pub(crate) fn find() -> Result<Self> {
        Self::find_in(PLACES)
    }

    fn find_in(places: &[Self]) -> Result<Self> {
        let there = |place: &&Self| Path::new(place.code).is_file() && Path::new(place.variables).is_file();
        places.iter().find(there).copied().ok_or_else(|| missing("no such firmware is installed"))
    }

    /// The code's file.
    pub(crate) fn code(self) -> PathBuf {
        self.code.into()
    }

    /// The variables that belong to this code, as a new VM has them: of another build, they would have another size.
    ///
    /// # Errors
    /// `Unsupported` where they are not installed any more.
    pub(crate) fn variables_of(code: &Path) -> Result<PathBuf> {
        let place = PLACES.iter().find(|place| Path::new(place.code) == code && Path::new(place.variables).is_file());
        place.map(|place| place.variables.into()).ok_or_else(|| gone(code))
    }
}

/// That a VM's firmware is still where it was when the VM was created.
///
/// # Errors
/// `Unsupported` where it is not, with the package to install.
pub(super) fn check(code: &Path) -> Result<()> {
    if code.is_file() { Ok(()) } else { Err(gone(code)) }
}

/// Where distributions install it; what is as large as new builds are comes before what is smaller.
const PLACES: &[Ovmf] = &[
    // Debian, Ubuntu.
    Ovmf { code: "/usr/share/OVMF/OVMF_CODE_4M.fd", variables: "/usr/share/OVMF/OVMF_VARS_4M.fd" },
    // Arch.
    Ovmf { code: "/usr/share/edk2/x64/OVMF_CODE.4m.fd", variables: "/usr/share/edk2/x64/OVMF_VARS.4m.fd" },
    // openSUSE.
    Ovmf { code: "/usr/share/qemu/ovmf-x86_64-4m-code.bin", variables: "/usr/share/qemu/ovmf-x86_64-4m-vars.bin" },
    // Fedora.
    Ovmf { code: "/usr/share/edk2/ovmf/OVMF_CODE.fd", variables: "/usr/share/edk2/ovmf/OVMF_VARS.fd" },
    // Older releases of Debian and Ubuntu.
    Ovmf { code: "/usr/share/OVMF/OVMF_CODE.fd", variables: "/usr/share/OVMF/OVMF_VARS.fd" },
];

fn gone(code: &Path) -> Error {
    missing(&format!("its firmware {} is not there any more", code.display()))
}

fn missing(what: &str) -> Error {
    Error::unsupported(format!(
        "the disk boots by UEFI, and {what}: install it (on Debian and Ubuntu: apt install ovmf; on Fedora and Arch: edk2-ovmf)"
    ))
}

#[cfg(test)]
mod tests {
    use cloud_types::ErrorKind;

    use super::*;

    #[test]
    fn without_a_firmware_the_package_is_named() {
        let error = Ovmf::find_in(&[Ovmf { code: "/nonexistent/code", variables: "/nonexistent/variables" }]);
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains("apt install ovmf"), "{error}");
    }

    #[test]
    fn a_firmware_that_is_gone_is_named_with_its_package() {
        for error in [
            check("/nonexistent/code".as_ref()).unwrap_err(),
            Ovmf::variables_of("/nonexistent/code".as_ref()).unwrap_err(),
        ] {
            assert!(error.message().contains("/nonexistent/code") && error.message().contains("ovmf"), "{error}");
        }
    }

    #[test]
    fn code_without_its_variables_is_passed_by() {
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let half = Ovmf { code: here, variables: "/nonexistent/variables" };
        let whole = Ovmf { code: here, variables: here };
        assert_eq!(Ovmf::find_in(&[half, whole]).unwrap(), whole);
    }
}
