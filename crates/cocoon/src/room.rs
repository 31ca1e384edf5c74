//! The room that this box has for VMs: its memory, and what is left of its disk.

use std::fs;
use std::path::Path;

use cloud_types::{Error, ErrorKind, GiB, MiB, Result};
use cocoon_images::system::blocking;

use crate::vm::Vm;
use crate::{Cocoon, disk, error};

/// The memory that this box has in all: <https://man7.org/linux/man-pages/man5/proc_meminfo.5.html>.
///
/// # Errors
/// `Unexpected` where the system does not tell it.
pub fn box_memory() -> Result<MiB> {
    let text = fs::read_to_string("/proc/meminfo").map_err(|error| error::io("reading /proc/meminfo", error))?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kibibytes
        .map(|kibibytes| MiB(kibibytes / 1024))
        .ok_or_else(|| Error::new(ErrorKind::Unexpected, "/proc/meminfo does not tell the memory"))
}

impl Cocoon {
    /// The room that is left for this user's disks, in whole gibibytes. The root directory may not be there so far.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn free_disk(&self) -> Result<GiB> {
        let root = self.root_dir().to_owned();
        blocking(move || {
            let there = root.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
            let seen = rustix::fs::statvfs(there)
                .map_err(|error| error::io(format_args!("looking at {}", there.display()), error.into()))?;
            let bytes = u128::from(seen.f_bavail) * u128::from(seen.f_frsize);
            Ok(GiB(u32::try_from(bytes >> 30).unwrap_or(u32::MAX)))
        })
        .await
    }

    /// The bytes of a VM's system disk as the VM sees it; 0 where it has no disk.
    ///
    /// # Errors
    /// What the file system says, where the VM was removed since.
    pub async fn system_disk(&self, vm: &Vm) -> Result<u64> {
        match vm.hardware.disks.first().map(|disk| vm.directory.join(&disk.file)) {
            Some(file) => blocking(move || disk::size(&file)).await,
            None => Ok(0),
        }
    }
}
