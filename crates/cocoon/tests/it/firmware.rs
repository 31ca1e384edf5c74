//! UEFI: who gets the firmware, and what becomes of its variables.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Installation, kill_at_every_step, text};

/// An installation beside whose disk lies one that wants UEFI: its partition's kind says so, and there is nothing on it.
fn installation() -> Option<(Installation, String)> {
    if !Path::new("/usr/share/OVMF/OVMF_CODE_4M.fd").exists() {
        eprintln!("skipped: OVMF is not installed (Debian's ovmf)");
        return None;
    }
    let here = Installation::new()?;
    let mut disk = vec![0; 1 << 20];
    (disk[446 + 4], disk[510], disk[511]) = (0xef, 0x55, 0xaa);
    let path = here.disk().with_file_name("uefi.raw");
    fs::write(&path, disk).unwrap();
    Some((here, path.to_str().unwrap().to_owned()))
}

fn create<'a>(disk: &'a str, name: &'a str) -> [&'a str; 8] {
    ["create", "--name", name, "--cpu", "1", "--memory", "64M", disk]
}

fn variables(here: &Installation, name: &str) -> std::path::PathBuf {
    here.root().join("vms").join(name).join("uefi-variables.qcow2")
}

/// Writes a byte where the firmware keeps nothing, or looks for it.
fn qemu_io(here: &Installation, name: &str, command: &str) -> bool {
    let output = Command::new("qemu-io").args(["-f", "qcow2", "-c", command]).arg(variables(here, name)).output();
    let output = output.unwrap();
    output.status.success() && !text(&output.stdout).contains("verification failed")
}

const PLACE: &str = "520000 512";

#[test]
fn a_disk_with_an_efi_partition_is_booted_by_uefi_and_others_are_not() {
    let Some((here, disk)) = installation() else { return };
    here.succeed(&create(&disk, "web-1"));
    here.succeed(&["start", "web-1"]);
    // There is nothing to be booted, which it says.
    here.wait_for_console("web-1", "BdsDxe");
    here.create("web-2");
    assert!(here.inspect("web-2")["hardware"]["uefi"].is_null());
    let mut plan = create(&disk, "web-3");
    plan[0] = "run";
    assert!(here.succeed(&plan).contains("pflash0=firmware"));
    here.succeed(&["rm", "--force", "web-1", "web-2"]);
    here.assert_empty();
}

#[test]
fn the_firmwares_variables_are_cloned_kept_and_restored() {
    let Some((here, disk)) = installation() else { return };
    here.succeed(&create(&disk, "web-1"));
    assert!(qemu_io(&here, "web-1", &format!("write -q -P 1 {PLACE}")));
    here.succeed(&["snapshot", "create", "web-1", "first"]);
    assert!(qemu_io(&here, "web-1", &format!("write -q -P 2 {PLACE}")));
    here.succeed(&["clone", "web-1", "web-2"]);
    here.succeed(&["snapshot", "restore", "web-1", "first"]);
    assert!(qemu_io(&here, "web-1", &format!("read -q -P 1 {PLACE}")));
    assert!(qemu_io(&here, "web-2", &format!("read -q -P 2 {PLACE}")));
    here.succeed(&["rm", "web-1", "web-2"]);
    here.assert_empty();
}

#[test]
fn a_create_with_firmware_may_be_killed_at_every_step() {
    let Some((here, disk)) = installation() else { return };
    let arguments = create(&disk, "web-1");
    kill_at_every_step(
        &here,
        &arguments,
        6,
        || {},
        || {
            if here.names().is_empty() {
                here.succeed(&arguments);
            }
            assert!(variables(&here, "web-1").exists());
            here.succeed(&["rm", "web-1"]);
            here.assert_empty();
        },
    );
}
