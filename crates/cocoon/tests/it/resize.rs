//! Giving a VM that does not run other hardware, by the command, with real guests.

use std::process::Command;

use crate::support::{Installation, text};

#[test]
fn a_stopped_vm_gets_cpus_memory_and_larger_disks_and_runs_with_them() {
    let Some(here) = Installation::new() else { return };
    let arguments = here.create_arguments("web-1");
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.extend(["--data-disk", "1G"]);
    here.succeed(&arguments);
    let done =
        here.succeed(&["resize", "web-1", "--cpu", "2", "--memory", "64M", "--storage", "11G", "--data-disk", "1:3G"]);
    assert_eq!(done, "web-1: resized\n");
    assert_eq!((size(&here, "system.qcow2"), size(&here, "data-1.qcow2")), (11 << 30, 3 << 30));
    let hardware = &here.inspect("web-1")["hardware"];
    assert_eq!((&hardware["cpus"], &hardware["memory"]), (&2.into(), &64.into()));
    here.succeed(&["start", "web-1"]);
    here.wait_for_console("web-1", "test guest");
    assert!(here.fail(&["resize", "web-1", "--cpu", "1"]).contains("stop it first"));
}

#[test]
fn a_disk_does_not_shrink_and_what_breaks_a_rule_changes_nothing() {
    let Some(here) = Installation::new() else { return };
    here.create("web-1");
    for (arguments, reason) in [
        (&["--storage", "9G"][..], "does not shrink"),
        (&["--storage", "20G", "--data-disk", "1:2G"], "no data disk 1"),
        (&["--storage", "20G", "--cpu", "0"], "1 to 255"),
        (&["--storage", "20G", "--memory", "1M"], "16 MiB"),
        (&[], "needs"),
    ] {
        let whole: Vec<&str> = ["resize", "web-1"].iter().chain(arguments).copied().collect();
        let words = here.fail(&whole);
        assert!(words.contains(reason), "{arguments:?}: {words}");
        assert_eq!(size(&here, "system.qcow2"), 10 << 30);
    }
}

/// The bytes of a disk, as `qemu-img` tells them.
fn size(here: &Installation, disk: &str) -> u64 {
    let file = here.root().join("vms/web-1").join(disk);
    let told = Command::new("qemu-img").args(["info", "--output=json"]).arg(file).output().unwrap();
    serde_json::from_str::<serde_json::Value>(&text(&told.stdout)).unwrap()["virtual-size"].as_u64().unwrap()
}
