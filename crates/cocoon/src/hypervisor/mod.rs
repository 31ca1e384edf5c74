//! Hypervisors: what runs a VM, behind one small trait.
//!
//! A hypervisor is a program: it is started with a command line, serves a control socket, and ends with its VM. Starting,
//! finding and killing it is the same for all ([`process`] and the lock `alive`); what differs is the command line and the
//! words on the socket.

mod choice;
pub mod cloud_hypervisor;
mod firmware;
pub(crate) mod process;
mod qemu;
mod qemu_copy;
mod qemu_volume;
mod qmp;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use cloud_types::{Error, ErrorKind, Result};

pub use choice::HypervisorKind;
pub(crate) use choice::{Demands, Hypervisors};
pub(crate) use firmware::Ovmf;

use crate::state::{AttachedVolume, Record, VmId, VmPaths};

/// A program that runs VMs.
#[async_trait]
pub(crate) trait Hypervisor: fmt::Debug + Send + Sync {
    /// What is executed to run this VM.
    ///
    /// # Errors
    /// `Unsupported` where the program is missing; `InvalidRequest` where it cannot be told a path.
    fn command(&self, record: &Record, paths: &VmPaths) -> Result<CommandLine>;

    /// Connects to a VM that runs, as soon as it answers.
    ///
    /// # Errors
    /// `Timeout` where it does not within `patience`.
    async fn connect(&self, paths: &VmPaths, patience: Duration) -> Result<Box<dyn Control>>;

    /// Waits for a sign that the guest lives, where this box gives reason to doubt that it will.
    ///
    /// # Errors
    /// `Unsupported` where it dies or shows none within `patience`.
    async fn shows_life(&self, _paths: &VmPaths, _patience: Duration) -> Result<()> {
        Ok(())
    }
}

/// The way to a VM that runs.
#[async_trait]
pub(crate) trait Control: Send {
    /// Presses the power button (ACPI). What the guest does about it is the guest's to decide.
    async fn press_power_button(&mut self) -> Result<()>;

    /// Ends the hypervisor, with what it holds of the disks written back. The guest is not asked.
    async fn quit(&mut self) -> Result<()>;

    /// Copies the disk of this number, as it is at one moment, to an empty qcow2 of its size.
    async fn copy_disk(&mut self, _number: usize, _to: &Path) -> Result<()> {
        Err(Error::new(ErrorKind::Conflict, "this hypervisor copies no disk of a VM that runs: stop it first"))
    }

    /// Plugs a volume in; what is in already stays.
    async fn plug(&mut self, _volume: &AttachedVolume) -> Result<()> {
        Err(Error::unsupported("this hypervisor takes no volumes while a VM runs"))
    }

    /// Pulls a volume out, as soon as the guest lets go of it.
    async fn unplug(&mut self, _id: &VmId) -> Result<()> {
        Err(Error::unsupported("this hypervisor takes no volumes while a VM runs"))
    }
}

/// A program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// The program's path.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

impl fmt::Display for CommandLine {
    /// As a shell takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", quoted(&self.program.to_string_lossy()))?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {}", quoted(argument)))
    }
}

/// A path as the text of an argument.
fn text(path: &Path) -> Result<String> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| Error::invalid("path", format!("{} is no UTF-8", path.display())))
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_=+,.:/@%".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_shown_as_a_shell_takes_it() {
        let arguments = ["-append", "quiet it's", "-m", "64M", ""].map(str::to_owned).to_vec();
        let line = CommandLine { program: "/usr/bin/qemu".into(), arguments };
        assert_eq!(line.to_string(), r"/usr/bin/qemu -append 'quiet it'\''s' -m 64M ''");
    }
}
