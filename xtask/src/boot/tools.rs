//! The programs that building and booting an image need, installed where they are missing.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::shell::{Result, root, run};

/// A program, or a file by its whole path, and Debian's package of it.
const TOOLS: &[(&str, &str)] = &[
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("qemu-img", "qemu-utils"),
    ("xorriso", "xorriso"),
    ("mmdebstrap", "mmdebstrap"),
    ("mke2fs", "e2fsprogs"),
];

/// What `cocoon`'s images are made with, its tests use, and it itself.
const FOR_COCOON: &[(&str, &str)] = &[
    ("docker-registry", "docker-registry"),
    ("tmux", "tmux"),
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("dnsmasq", "dnsmasq-base"),
    ("busybox", "busybox-static"),
    ("objcopy", "binutils"),
    ("mcopy", "mtools"),
    ("sfdisk", "fdisk"),
    ("debugfs", "e2fsprogs"),
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "ovmf"),
];

/// Installs what building and booting an image need.
pub(super) fn install() -> Result {
    install_all(missing(TOOLS))
}

/// The same, and what `cocoon` and its tests use besides.
pub(super) fn install_for_cocoon() -> Result {
    install_all([missing(TOOLS), missing(FOR_COCOON)].concat())
}

fn install_all(missing: Vec<&str>) -> Result {
    if missing.is_empty() {
        return Ok(());
    }
    run(Command::new(root().join("xtask/boot/tools.sh")).args(missing).stdin(Stdio::null()))
}

/// The packages of those that are missing. QEMU's two have to be of one version, so that both are asked for.
fn missing(tools: &[(&str, &'static str)]) -> Vec<&'static str> {
    let mut packages: Vec<_> =
        tools.iter().filter(|(program, _)| !is_there(program)).map(|(_, package)| *package).collect();
    if packages.contains(&"qemu-system-x86") && !packages.contains(&"qemu-utils") {
        packages.push("qemu-utils");
    }
    packages
}

fn is_there(program: &str) -> bool {
    ["/usr/bin", "/usr/sbin", "/usr/local/bin"].iter().any(|folder| Path::new(folder).join(program).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_installed() {
        assert_eq!(missing(&[("env", "coreutils"), ("no-such-program", "some-package")]), ["some-package"]);
    }

    #[test]
    fn qemu_comes_with_its_utilities() {
        assert_eq!(missing(&[("no-such-qemu", "qemu-system-x86")]), ["qemu-system-x86", "qemu-utils"]);
    }
}
