//! The API's JSON in its own words. What is left out has the program's default.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What `vmm.ping` answers.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Ping {
    /// The version, such as `53.0.0`.
    pub version: String,
    /// The program's process.
    pub pid: Option<i64>,
    /// What it was built with, such as `kvm`.
    #[serde(default)]
    pub features: Vec<String>,
}

/// What `vm.info` answers.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct VmInfo {
    /// What the VM does.
    pub state: VmState,
    /// Its memory in bytes, with what was added since.
    pub memory_actual_size: Option<u64>,
    /// Its configuration with all defaults, as JSON: the program adds words with each version.
    pub config: serde_json::Value,
}

/// What a VM does.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum VmState {
    /// Made, or shut down: the program answers `Created` after `vm.shutdown`.
    Created,
    /// Its processors run.
    Running,
    /// Its processors are held.
    Paused,
    /// Described, and not seen so far.
    Shutdown,
    /// A word that is not known here.
    Unknown(String),
}

impl From<String> for VmState {
    fn from(word: String) -> Self {
        match word.as_str() {
            "Created" => Self::Created,
            "Running" => Self::Running,
            "Paused" => Self::Paused,
            "Shutdown" => Self::Shutdown,
            _ => Self::Unknown(word),
        }
    }
}

/// What `vm.counters` answers: by device and counter, such as `_disk0` and `read_ops`.
pub type Counters = BTreeMap<String, BTreeMap<String, u64>>;

/// A VM, for `vm.create`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct VmConfig {
    /// Its processors; one unless they are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus: Option<Cpus>,
    /// Its memory; 512 MiB unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Memory>,
    /// What is booted.
    pub payload: Payload,
    /// Its disks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disks: Vec<DiskDevice>,
    /// Its network cards.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub net: Vec<NetDevice>,
    /// The serial port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<Console>,
    /// The virtio console.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub console: Option<Console>,
}

/// Processors.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Cpus {
    /// Those that it boots with.
    pub boot_vcpus: u32,
    /// Those that it can grow to.
    pub max_vcpus: u32,
}

/// Memory, in bytes.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Memory {
    /// What it boots with.
    pub size: u64,
    /// What can be added, in steps of 128 MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hotplug_size: Option<u64>,
}

/// What is booted: a firmware, or a kernel.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Payload {
    /// A firmware's file, which finds the system on a disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firmware: Option<PathBuf>,
    /// A kernel's file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<PathBuf>,
    /// The kernel's command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cmdline: Option<String>,
    /// The kernel's initial file system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initramfs: Option<PathBuf>,
}

/// A disk.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DiskDevice {
    /// Its file.
    pub path: PathBuf,
    /// How the file is to be read. Without it the program guesses, and lets nobody write a raw disk's first sector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_type: Option<ImageType>,
    /// Whether the file may lie over others.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub backing_files: bool,
    /// Whether it can only be read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub readonly: bool,
    /// Its name for `vm.remove-device`; given by the program unless it is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// How a disk's file is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ImageType {
    /// Byte for byte.
    Raw,
    /// QEMU's format.
    Qcow2,
}

/// A network card.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NetDevice {
    /// The TAP device behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tap: Option<String>,
    /// The card's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// Its name for `vm.remove-device`; given by the program unless it is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// A serial port or a virtio console.
#[derive(Debug, Clone, Serialize)]
pub struct Console {
    /// Where it leads to.
    pub mode: Mode,
    /// The file of [`Mode::File`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The socket of [`Mode::Socket`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socket: Option<PathBuf>,
}

/// Where a console leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Mode {
    /// There is none.
    Off,
    /// Nowhere.
    Null,
    /// Into a file.
    File,
    /// To a terminal that `vm.info` names.
    Pty,
    /// To whoever connects to a Unix socket; a second one takes the first one's place.
    Socket,
}

/// What changes in size, for `vm.resize`. Where the processors change and the memory cannot, the processors stay changed.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Resize {
    /// The processors from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired_vcpus: Option<u32>,
    /// The memory from now on, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired_ram: Option<u64>,
}

/// What is restored, for `vm.restore`.
#[derive(Debug, Clone, Serialize)]
pub struct Restore {
    /// The snapshot's directory, as a URL: `file:///…`.
    pub source_url: String,
    /// Whether it runs at once.
    pub resume: bool,
}

/// What was added, and where it sits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// The device's name.
    pub id: String,
    /// Its place on the PCI bus, such as `0000:00:03.0`.
    pub bdf: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_is_not_known_keeps_its_word() {
        let info: VmInfo = serde_json::from_str(r#"{"state":"BreakPoint","config":{}}"#).unwrap();
        assert_eq!(info.state, VmState::Unknown("BreakPoint".to_owned()));
    }
}
