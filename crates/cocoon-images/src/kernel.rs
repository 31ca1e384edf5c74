//! A kernel that is booted without a boot loader.

use std::path::PathBuf;

/// A kernel that is booted without a boot loader.
#[derive(Debug, Clone, Default)]
pub struct DirectKernel {
    /// The kernel's file: a bzImage, or an ELF with a PVH entry. It is copied.
    pub kernel: PathBuf,
    /// The initial file system's file. It is copied.
    pub initrd: Option<PathBuf>,
    /// The kernel's command line.
    pub command_line: String,
}
