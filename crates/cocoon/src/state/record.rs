//! What is written down of a VM: `vm.json`.

use std::fmt;
use std::iter;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use cloud_types::{MiB, Name};
use cocoon_images::DiskFormat;
use cocoon_images::system::Version;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AttachedVolume, HostMark};
use crate::hypervisor::HypervisorKind;
use crate::network::Connection;

/// A VM's record. What runs is not told by it but by the lock `alive`; it says what to look for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The form of this file; a later one may not be read by this version.
    pub(crate) version: Version,
    pub(crate) id: VmId,
    pub(crate) name: Name,
    pub(crate) created_at: Timestamp,
    pub(crate) hypervisor: HypervisorKind,
    pub(crate) hardware: Hardware,
    pub(crate) power: Power,
    /// What the first boot's disk is made of, besides the user data; without one there is no such disk.
    pub(crate) first_boot: Option<FirstBoot>,
    /// The snapshots that all disks have.
    pub(crate) snapshots: Vec<DiskSnapshot>,
    /// The snapshot that the disks are being taken back to.
    pub(crate) restoring: Option<Name>,
    /// Whether work on what the disks say of themselves was begun, and its end is not noted.
    #[serde(default)]
    pub(crate) unsettled: bool,
    /// What it is as a host of a provider; none for a VM that was made otherwise.
    #[serde(default)]
    pub(crate) host: Option<HostMark>,
}

/// What a VM is told at its first boot. The user data has a file of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FirstBoot {
    /// Public keys, a line each, that the image's user may come in with.
    pub(crate) ssh_keys: Vec<String>,
}

/// A snapshot of a VM's disks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskSnapshot {
    /// Its name, unique in its VM.
    pub name: Name,
    /// When it was taken.
    pub created_at: Timestamp,
}

/// What was last done about a VM's power.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum Power {
    /// No hypervisor runs: this was proven before it was written.
    Stopped { ending: Ending, at: Timestamp },
    /// A hypervisor is about to be started, or was, by a command that may have died since.
    Starting { at: Timestamp },
    /// A hypervisor was started as this process.
    Running { process: u32, at: Timestamp },
    /// The hypervisor is being ended.
    Stopping { process: u32, at: Timestamp },
}

/// How a VM's last run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ending {
    /// It has not run so far.
    NeverStarted,
    /// It powered off when it was asked to.
    PoweredOff,
    /// It did not power off in its time, or was not asked to: its hypervisor was told to end, and wrote its disks back.
    Ended,
    /// Its hypervisor did not answer, and was killed.
    Killed,
    /// Nobody stopped it: it powered off by itself, or its hypervisor was killed by others, or the machine went down.
    ByItself,
    /// It did not get as far as to run.
    FailedToStart,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NeverStarted => "never started",
            Self::PoweredOff => "powered off",
            Self::Ended => "ended",
            Self::Killed => "killed",
            Self::ByItself => "ended by itself",
            Self::FailedToStart => "failed to start",
        })
    }
}

/// The virtual machine itself. Its files are named relative to the VM's directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Hardware {
    /// Virtual CPUs.
    pub cpus: u32,
    /// Memory.
    pub memory: MiB,
    /// What is booted without a boot loader; from the first disk where there is none.
    pub kernel: Option<Kernel>,
    /// The firmware by which the first disk is booted, where that wants UEFI; its hypervisor's own where there is none.
    #[serde(default)]
    pub uefi: Option<Uefi>,
    /// The disks, the one with the system first.
    pub disks: Vec<Disk>,
    /// The address of its network card.
    pub mac: String,
    /// Ports of this box that lead to ports of the VM.
    pub published: Vec<PublishedPort>,
    /// What its network card is connected with.
    #[serde(default)]
    pub connection: Connection,
    /// Disks that stay when the VM goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<AttachedVolume>,
}

impl Hardware {
    /// The files in the VM's directory that it is made of.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        let kernel = self.kernel.iter().flat_map(|kernel| iter::once(&kernel.file).chain(&kernel.initrd));
        let variables = self.uefi.iter().map(|uefi| &uefi.variables);
        self.disks.iter().map(|disk| &disk.file).chain(kernel).chain(variables).map(PathBuf::as_path)
    }

    /// Those of them that the VM writes, and that a snapshot keeps.
    pub(crate) fn written(&self) -> impl Iterator<Item = &Path> {
        let disks = self.disks.iter().filter(|disk| !disk.read_only).map(|disk| disk.file.as_path());
        disks.chain(self.uefi.iter().map(|uefi| uefi.variables.as_path()))
    }
}

/// UEFI firmware.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uefi {
    /// Its code: a file of this box, which is only read.
    pub code: PathBuf,
    /// The file of its variables, such as the order of what is booted: qcow2, so that snapshots are taken of it too.
    pub variables: PathBuf,
}

/// A kernel that is booted directly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kernel {
    /// The kernel's file.
    pub file: PathBuf,
    /// The initial file system's file.
    pub initrd: Option<PathBuf>,
    /// The kernel's command line.
    pub command_line: String,
}

/// A disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// Its file.
    pub file: PathBuf,
    /// How the file is to be read.
    pub format: DiskFormat,
    /// The image that lies below, where it holds only what differs.
    pub backing: Option<PathBuf>,
    /// Whether the VM may only read it.
    pub read_only: bool,
}

/// A TCP port of this box that leads to one of a VM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedPort {
    /// The address on this box.
    pub address: Ipv4Addr,
    /// The port on this box.
    pub host: u16,
    /// The port of the VM.
    pub guest: u16,
}

/// What tells a VM from all others, also from a later one of its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct VmId(String);

impl VmId {
    /// An id that nobody had before.
    #[must_use]
    pub fn random() -> Self {
        Self(format!("{:012x}", fastrand::u64(..) & 0xffff_ffff_ffff))
    }

    /// The id as text: 12 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for VmId {
    type Error = String;

    /// Checked because paths are made of it.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let hexadecimal = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if hexadecimal { Ok(Self(text)) } else { Err("an id is 12 hexadecimal digits".to_owned()) }
    }
}

impl fmt::Display for VmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_would_lead_out_of_its_directory_is_refused() {
        for text in ["\"../../../etc\"", "\"0123456789\"", "\"\""] {
            serde_json::from_str::<VmId>(text).unwrap_err();
        }
        let id = VmId::random();
        assert_eq!(serde_json::from_str::<VmId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
    }
}
