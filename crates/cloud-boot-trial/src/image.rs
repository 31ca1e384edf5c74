//! The image that is booted: what `cargo xtask boot` has built, and what this program lays over it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cloud_bootstrap::NoCloud;
use cloud_types::{Name, UserData};
use secrecy::ExposeSecret;

use crate::Result;

/// A built image. It is never written: each machine has an overlay of its own.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) kernel: PathBuf,
    pub(crate) initrd: PathBuf,
    root: PathBuf,
}

impl Image {
    /// The image in a folder.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let folder = folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))?;
        let file = |name: &str| {
            let path = folder.join(name);
            if path.is_file() {
                Ok(path)
            } else {
                Err(format!("{} is missing: cargo xtask boot builds it", path.display()))
            }
        };
        Ok(Self { kernel: file("kernel")?, initrd: file("initrd")?, root: file("root.ext4")? })
    }

    /// A boot disk as a new host has it.
    pub(crate) fn overlay(&self, disk: &Path) -> Result {
        run(Command::new("qemu-img")
            .args(["create", "-q", "-f", "qcow2", "-F", "raw", "-b"])
            .args([self.root.as_path(), disk]))
    }
}

/// An empty disk. It is sparse: what is not written takes no room.
pub(crate) fn empty_disk(disk: &Path, bytes: u64) -> Result {
    Ok(fs::File::create_new(disk)?.set_len(bytes)?)
}

/// A NoCloud seed, the disk from which cloud-init learns who the host is and what to do.
pub(crate) fn seed(disk: &Path, host: &str, user_data: UserData) -> Result {
    let folder = disk.with_extension("seed");
    fs::create_dir(&folder)?;
    for (name, text) in NoCloud::new(host, &Name::new(host)?, user_data)?.files() {
        fs::write(folder.join(name), text.expose_secret())?;
    }
    fs::write(folder.join("network-config"), NETWORK)?;
    run(Command::new("xorriso")
        .args(["-as", "mkisofs", "-quiet", "-volid", NoCloud::VOLUME, "-joliet", "-rock", "-output"])
        .args([disk, &folder]))
}

/// The hardware address that every machine has: each is alone in its network.
pub(crate) const HARDWARE_ADDRESS: &str = "52:54:00:12:34:56";

/// By hardware address: systemd-networkd, as cloud-init writes its files, knows no pattern of names.
const NETWORK: &str = "version: 2
ethernets:
  eth0:
    match: {macaddress: '52:54:00:12:34:56'}
    set-name: eth0
    dhcp4: true
";

/// Runs a program that takes no time to speak of; its words are shown only where it fails.
pub(crate) fn run(command: &mut Command) -> Result {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{program} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_is_configured_for_the_machines_address() {
        assert!(NETWORK.contains(HARDWARE_ADDRESS));
    }

    #[test]
    fn a_folder_without_an_image_is_refused_with_what_is_missing() {
        let error = Image::open(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap_err().to_string();
        assert!(error.ends_with("kernel is missing: cargo xtask boot builds it"), "{error}");
    }
}
