//! What becomes of disks: sizes, clones and snapshots, also when a command is killed in between.

use std::process::Command;

use crate::support::{Installation, kill_at_every_step, text};
use serde_json::Value;

/// The disks of a VM with one data disk.
const DISKS: [&str; 2] = ["system.qcow2", "data-1.qcow2"];

fn create(here: &Installation) {
    let mut arguments = here.create_arguments("web-1");
    arguments.extend(["--data-disk", "1G"].map(str::to_owned));
    here.succeed(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
}

fn qemu_io(here: &Installation, vm: &str, disk: &str, command: &str) -> bool {
    let path = here.root().join("vms").join(vm).join(disk);
    let output = Command::new("qemu-io").args(["-f", "qcow2", "-c", command]).arg(path).output().unwrap();
    output.status.success() && !text(&output.stdout).contains("verification failed")
}

/// Writes a pattern to each disk of `web-1`.
fn write(here: &Installation, pattern: u8) {
    for disk in DISKS {
        assert!(qemu_io(here, "web-1", disk, &format!("write -q -P {pattern} 0 4096")));
    }
}

/// The pattern that each disk holds, of 1 and 2.
fn patterns(here: &Installation, vm: &str) -> Vec<u8> {
    let holds = |disk: &str, pattern: &u8| qemu_io(here, vm, disk, &format!("read -q -P {pattern} 0 4096"));
    DISKS.iter().map(|disk| [1, 2].into_iter().find(|pattern| holds(disk, pattern)).unwrap()).collect()
}

#[test]
fn disks_have_the_sizes_that_were_asked_for() {
    let Some(here) = Installation::new() else { return };
    let mut arguments = here.create_arguments("web-1");
    arguments.extend(["--storage", "3G", "--data-disk", "1G", "--data-disk", "2G"].map(str::to_owned));
    here.succeed(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let size = |file: &str| {
        let path = here.root().join("vms/web-1").join(file);
        let output = Command::new("qemu-img").args(["info", "--output=json"]).arg(path).output().unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["virtual-size"].as_u64().unwrap() >> 30
    };
    assert_eq!([size("system.qcow2"), size("data-1.qcow2"), size("data-2.qcow2")], [3, 1, 2]);
    here.succeed(&["start", "web-1"]);
    here.wait_for_console("web-1", "test guest");
}

#[test]
fn a_clone_has_the_disks_content_and_an_identity_of_its_own() {
    let Some(here) = Installation::new() else { return };
    create(&here);
    write(&here, 1);
    here.succeed(&["clone", "web-1", "web-2"]);
    write(&here, 2);
    assert_eq!((patterns(&here, "web-1"), patterns(&here, "web-2")), (vec![2, 2], vec![1, 1]));
    let (one, two) = (here.inspect("web-1"), here.inspect("web-2"));
    assert_ne!((&one["id"], &one["hardware"]["mac"]), (&two["id"], &two["hardware"]["mac"]));
    here.succeed(&["start", "web-1", "web-2"]);
    here.wait_for_console("web-2", "test guest");
    assert!(here.fail(&["clone", "web-1", "web-3"]).contains("web-1 runs"));
    here.succeed(&["stop", "web-1"]);
    assert!(here.fail(&["clone", "web-1", "web-2"]).contains("already"));
    here.succeed(&["rm", "--force", "web-1", "web-2"]);
    here.assert_empty();
}

#[test]
fn a_restore_brings_back_what_was_kept_as_often_as_wanted() {
    let Some(here) = Installation::new() else { return };
    create(&here);
    write(&here, 1);
    here.succeed(&["snapshot", "create", "web-1", "first"]);
    assert!(here.fail(&["snapshot", "create", "web-1", "first"]).contains("already"));
    for _ in 0..2 {
        write(&here, 2);
        here.succeed(&["snapshot", "restore", "web-1", "first"]);
        assert_eq!(patterns(&here, "web-1"), [1, 1]);
    }
    assert_eq!(here.inspect("web-1")["snapshots"][0]["name"], "first");
    here.succeed(&["snapshot", "rm", "web-1", "first"]);
    assert!(here.fail(&["snapshot", "restore", "web-1", "first"]).contains("no snapshot `first`"));
    here.succeed(&["start", "web-1"]);
    assert!(here.fail(&["snapshot", "create", "web-1", "second"]).contains("web-1 runs"));
}

#[test]
fn a_clone_may_be_killed_at_every_step() {
    let Some(here) = Installation::new() else { return };
    let prepare = || {
        create(&here);
        write(&here, 1);
    };
    kill_at_every_step(&here, &["clone", "web-1", "web-2"], 5, prepare, || {
        if here.names() == ["web-1"] {
            here.succeed(&["clone", "web-1", "web-2"]);
        }
        assert_eq!(patterns(&here, "web-2"), [1, 1]);
        here.succeed(&["start", "web-1", "web-2"]);
        here.succeed(&["rm", "--force", "web-1", "web-2"]);
        here.assert_empty();
    });
}

#[test]
fn a_restore_that_was_killed_is_finished_before_the_vm_runs() {
    let Some(here) = Installation::new() else { return };
    let prepare = || {
        create(&here);
        write(&here, 1);
        here.succeed(&["snapshot", "create", "web-1", "first"]);
        write(&here, 2);
    };
    kill_at_every_step(&here, &["snapshot", "restore", "web-1", "first"], 6, prepare, || {
        here.succeed(&["start", "web-1"]);
        here.succeed(&["stop", "--force", "web-1"]);
        let found = patterns(&here, "web-1");
        assert!(found == [1, 1] || found == [2, 2], "both disks, or none: {found:?}");
        here.succeed(&["snapshot", "restore", "web-1", "first"]);
        assert_eq!(patterns(&here, "web-1"), [1, 1]);
        here.succeed(&["rm", "web-1"]);
        here.assert_empty();
    });
}

/// What a `qemu-img` that was killed leaves: clusters that are counted twice and marked as the disk's alone.
#[test]
fn a_disk_whose_tables_contradict_each_other_is_repaired_before_it_is_used() {
    use std::os::unix::fs::FileExt;

    let Some(here) = Installation::new() else { return };
    create(&here);
    write(&here, 1);
    let killed = here.command(&["snapshot", "create", "web-1", "first"]).env("COCOON_CRASH_AT", "8").output().unwrap();
    assert!(text(&killed.stderr).contains("snapshot: disk changed"), "{}", text(&killed.stderr));
    let disk = here.root().join("vms/web-1/system.qcow2");
    let check = || Command::new("qemu-img").args(["check", "-q"]).arg(&disk).status().unwrap().code();
    // The header's count of snapshots: <https://www.qemu.org/docs/master/interop/qcow2.html>.
    let file = std::fs::OpenOptions::new().write(true).open(&disk).unwrap();
    file.write_all_at(&0u32.to_be_bytes(), 60).unwrap();
    assert_ne!(check(), Some(0));

    here.succeed(&["start", "web-1"]);
    here.succeed(&["stop", "--force", "web-1"]);
    assert_eq!(check(), Some(0));
    assert_eq!(patterns(&here, "web-1"), [1, 1]);
    here.succeed(&["snapshot", "create", "web-1", "first"]);
    here.succeed(&["rm", "web-1"]);
    here.assert_empty();
}

#[test]
fn a_snapshot_that_was_killed_can_be_taken_again() {
    let Some(here) = Installation::new() else { return };
    let prepare = || {
        create(&here);
        write(&here, 1);
    };
    kill_at_every_step(&here, &["snapshot", "create", "web-1", "first"], 5, prepare, || {
        let kept = here.inspect("web-1")["snapshots"].as_array().unwrap().len();
        if kept == 0 {
            write(&here, 2);
            here.succeed(&["snapshot", "create", "web-1", "first"]);
        }
        write(&here, 1 + u8::from(kept == 1));
        here.succeed(&["snapshot", "restore", "web-1", "first"]);
        assert_eq!(patterns(&here, "web-1"), if kept == 1 { [1, 1] } else { [2, 2] });
        here.succeed(&["rm", "web-1"]);
        here.assert_empty();
    });
}

#[test]
fn the_first_boots_disk_says_who_comes_in_and_a_clone_has_its_own() {
    let Some(here) = Installation::new() else { return };
    if Command::new("xorriso").arg("-version").output().is_err() {
        eprintln!("skipped: xorriso is not installed");
        return;
    }
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    let file = |name: &str, text: &str| {
        let path = here.root().with_file_name(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (key_file, data_file) = (file("key.pub", key), file("data", "#cloud-config\npackages: [nginx]\n"));
    let mut arguments = here.create_arguments("web-1");
    arguments.extend(["--ssh-key", &key_file, "--user-data", &data_file].map(str::to_owned));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    kill_at_every_step(
        &here,
        &arguments,
        8,
        || {},
        || {
            if here.names().is_empty() {
                here.succeed(&arguments);
            }
            here.succeed(&["rm", "web-1"]);
            here.assert_empty();
        },
    );
    here.succeed(&["clone", "web-1", "web-2"]);
    for name in ["web-1", "web-2"] {
        let directory = here.root().join("vms").join(name);
        let disk = text(&std::fs::read(directory.join("seed.iso")).unwrap());
        let id = here.inspect(name)["id"].as_str().unwrap().to_owned();
        for words in ["CIDATA", key, "packages: [nginx]", &format!("\"{name}\""), &format!("\"instance-id\":\"{id}\"")]
        {
            assert!(disk.contains(words), "{name} has no {words}");
        }
        assert!(!directory.join("seed").exists());
    }
    assert!(!here.succeed(&["inspect", "web-1"]).contains("nginx"), "user data is a secret");
    here.succeed(&["start", "web-1", "web-2"]);
    here.wait_for_console("web-2", "test guest");
    here.succeed(&["rm", "--force", "web-1", "web-2"]);
    here.assert_empty();
}
