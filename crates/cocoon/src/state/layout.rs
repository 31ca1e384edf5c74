//! Where everything is on disk.

use std::path::{Path, PathBuf};

use super::VmId;

/// The three directories that one installation has, and the paths in them.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    /// What lasts: VMs with their records and disks.
    pub(crate) root: PathBuf,
    /// Sockets of running VMs, a directory for each VM's id.
    pub(crate) run: PathBuf,
    /// Consoles' output and hypervisors' messages, likewise.
    pub(crate) log: PathBuf,
}

impl Layout {
    pub(crate) fn vms(&self) -> PathBuf {
        self.root.join("vms")
    }

    pub(crate) fn vm(&self, name: &str) -> PathBuf {
        self.vms().join(name)
    }

    /// Networks of this installation, a directory each.
    pub(crate) fn networks(&self) -> PathBuf {
        self.root.join("networks")
    }

    pub(crate) fn staging(&self) -> PathBuf {
        self.root.join("staging")
    }

    /// Held, shared, by whoever has a directory in `staging`.
    pub(crate) fn staging_lock(&self) -> PathBuf {
        self.root.join("staging.lock")
    }

    pub(crate) fn paths(&self, name: &str, id: &VmId) -> VmPaths {
        VmPaths { directory: self.vm(name), run: self.run.join(id.as_str()), log: self.log.join(id.as_str()) }
    }
}

/// The paths of one VM.
#[derive(Debug, Clone)]
pub(crate) struct VmPaths {
    /// Record, locks and disks.
    pub(crate) directory: PathBuf,
    run: PathBuf,
    log: PathBuf,
}

impl VmPaths {
    /// Its sockets' directory.
    pub(crate) fn run(&self) -> &Path {
        &self.run
    }

    /// Its logs' directory.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// The hypervisor's control socket.
    pub(crate) fn control_socket(&self) -> PathBuf {
        self.run.join("control.sock")
    }

    /// The first serial port.
    pub(crate) fn console_socket(&self) -> PathBuf {
        self.run.join("console.sock")
    }

    /// All that the first serial port ever said.
    pub(crate) fn console_log(&self) -> PathBuf {
        self.log.join("console.log")
    }

    /// What the hypervisor says of itself.
    pub(crate) fn hypervisor_log(&self) -> PathBuf {
        self.log.join("hypervisor.log")
    }
}
