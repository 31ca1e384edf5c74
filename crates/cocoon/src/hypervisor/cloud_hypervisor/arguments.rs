//! A VM as Cloud Hypervisor's command line: <https://github.com/cloud-hypervisor/cloud-hypervisor/blob/main/docs/device_model.md>.

use std::path::{Path, PathBuf};

use cloud_types::{Error, Result};
use cocoon_images::DiskFormat;

use crate::hypervisor::text;
use crate::network::NetworkAddress;
use crate::state::{Disk, Kernel, Record, VmPaths};

/// The arguments that make and boot the VM, and serve its API.
///
/// # Errors
/// `InvalidRequest` for a path that cannot be told; `Unsupported` for published ports, and without a firmware for what
/// needs one.
pub(super) fn of(record: &Record, paths: &VmPaths, firmware: Option<&Path>) -> Result<Vec<String>> {
    let hardware = &record.hardware;
    let address = hardware.connection.address();
    if address.is_none() && !hardware.published.is_empty() {
        let message = "Cloud Hypervisor has no network of its own that could publish ports: give the VM one by \
                       `--network NAME`, or run it under QEMU";
        return Err(Error::unsupported(message));
    }
    let mut arguments = Vec::new();
    let mut add = |name: &str, value: String| arguments.extend([format!("--{name}"), value]);
    add("api-socket", format!("path={}", value(&paths.control_socket())?));
    add("event-monitor", format!("path={}", value(&super::events::file(paths))?));
    add("cpus", format!("boot={}", hardware.cpus));
    add("memory", format!("size={}M", hardware.memory.0));
    // Its standard input is not a terminal's but the lock `alive`, so each console has to be led elsewhere.
    add("serial", format!("socket={}", value(&paths.console_socket())?));
    add("console", format!("file={}", value(&paths.console_log())?));
    for disk in &hardware.disks {
        add("disk", self::disk(disk, &paths.directory)?);
    }
    if let Some(NetworkAddress { tap, .. }) = address {
        add("net", format!("tap={tap},mac={},id=net0", hardware.mac));
    }
    match &hardware.kernel {
        Some(Kernel { file, initrd, command_line }) => {
            add("kernel", text(&paths.directory.join(file))?);
            if let Some(initrd) = initrd {
                add("initramfs", text(&paths.directory.join(initrd))?);
            }
            if !command_line.is_empty() {
                add("cmdline", command_line.clone());
            }
        }
        None => add("firmware", text(&self::firmware(firmware)?)?),
    }
    Ok(arguments)
}

/// The type is always said: of a raw disk whose type the program has to guess, it lets nobody write the first sector.
fn disk(disk: &Disk, directory: &Path) -> Result<String> {
    let path = value(&directory.join(&disk.file))?;
    let mut option = match disk.format {
        DiskFormat::Raw => format!("path={path},image_type=raw"),
        DiskFormat::Qcow2 => format!("path={path},image_type=qcow2"),
    };
    if disk.backing.is_some() {
        option.push_str(",backing_files=on");
    }
    if disk.read_only {
        option.push_str(",readonly=on");
    }
    Ok(option)
}

fn firmware(found: Option<&Path>) -> Result<PathBuf> {
    found.map(Path::to_owned).ok_or_else(|| {
        Error::unsupported(format!(
            "a disk boots by the firmware CLOUDHV.fd, which is at none of {}: take it from \
             https://github.com/cloud-hypervisor/edk2/releases, or give the VM a kernel",
            FIRMWARE.join(", ")
        ))
    })
}

/// Where the build of EDK II for Cloud Hypervisor is looked for; first where the project's own packages have it:
/// <https://github.com/cloud-hypervisor/obs-packaging/blob/main/edk2/deb/debian.rules>.
pub(super) const FIRMWARE: &[&str] = &[
    "/usr/share/cloud-hypervisor/CLOUDHV_EFI.fd",
    "/usr/share/cloud-hypervisor/CLOUDHV.fd",
    "/usr/local/share/cloud-hypervisor/CLOUDHV.fd",
];

/// A path within an option. Commas are kept by quotation marks, which cannot be told themselves; brackets have to match:
/// <https://github.com/cloud-hypervisor/cloud-hypervisor/blob/main/option_parser/src/lib.rs>.
fn value(path: &Path) -> Result<String> {
    let text = text(path)?;
    let mut open = 0i32;
    let matched = text.chars().all(|character| {
        open += i32::from(character == '[') - i32::from(character == ']');
        open >= 0
    });
    if text.contains('"') || !matched || open != 0 || text.trim() != text {
        return Err(Error::invalid("path", format!("Cloud Hypervisor cannot be told the path {text:?}")));
    }
    Ok(if text.contains(',') { format!("\"{text}\"") } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_in_a_path_opens_no_further_option() {
        assert_eq!(value(Path::new("/a,readonly=off/b")).unwrap(), "\"/a,readonly=off/b\"");
        assert_eq!(value(Path::new("/plain")).unwrap(), "/plain");
        assert_eq!(value(Path::new("/a[1]/b")).unwrap(), "/a[1]/b");
    }

    #[test]
    fn a_path_that_the_program_would_misread_is_refused() {
        for path in ["/a\"b", "/a[b", "/a]b[", "/a "] {
            assert_eq!(value(Path::new(path)).unwrap_err().field(), Some("path"), "{path:?}");
        }
    }

    #[test]
    fn an_overlay_may_lie_over_its_image_and_no_other_disk_may() {
        let mut one = Disk { file: "disk.qcow2".into(), format: DiskFormat::Qcow2, backing: None, read_only: false };
        assert_eq!(disk(&one, Path::new("/vm")).unwrap(), "path=/vm/disk.qcow2,image_type=qcow2");
        one.backing = Some("/images/1".into());
        assert_eq!(disk(&one, Path::new("/vm")).unwrap(), "path=/vm/disk.qcow2,image_type=qcow2,backing_files=on");
        let seed = Disk { file: "seed.iso".into(), format: DiskFormat::Raw, backing: None, read_only: true };
        assert_eq!(disk(&seed, Path::new("/vm")).unwrap(), "path=/vm/seed.iso,image_type=raw,readonly=on");
    }

    #[test]
    fn a_missing_firmware_names_where_it_comes_from() {
        let error = firmware(None).unwrap_err();
        assert!(error.message().contains("edk2/releases"), "{error}");
    }
}
