//! Whether this process may change networks.

use std::fs;

use cloud_types::{Error, ErrorKind, Result};

/// Whether this process has the kernel's right to change networks (`CAP_NET_ADMIN`).
pub(super) fn has() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|text| u64::from_str_radix(text.trim(), 16).ok());
    effective.is_some_and(|rights| rights & (1 << NET_ADMIN) != 0)
}

/// The number of `CAP_NET_ADMIN`: <https://man7.org/linux/man-pages/man7/capabilities.7.html>.
const NET_ADMIN: u32 = 12;

/// # Errors
/// `PermissionDenied` without the right, with what to do.
pub(super) fn check() -> Result<()> {
    if has() {
        return Ok(());
    }
    let message = "networks of VMs need root (CAP_NET_ADMIN): run this as root, or run the VM under QEMU with \
                   `--network user`, which needs no rights, or give it no network by `--network none`";
    Err(Error::new(ErrorKind::PermissionDenied, message))
}
