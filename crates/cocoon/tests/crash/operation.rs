//! The commands that are killed: what is there before each, and what has to hold after it.

use std::fs;
use std::process::Command;

use crate::support::text;
use crate::world::World;

/// A command that changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    PullFile,
    PullAddress,
    PullRegistry,
    Delete,
    Collect,
    Create,
    Start,
    Stop,
    Clone,
    SnapshotCreate,
    SnapshotRestore,
    SnapshotRemove,
    Remove,
    RemoveRunning,
}

use Operation::*;

/// The VM that it is about, and the one that a clone makes.
const VM: &str = "web-1";
const COPY: &str = "web-2";

impl Operation {
    /// Brings all to where the operation begins.
    pub(crate) fn prepare(self, world: &World) {
        let here = &world.here;
        match self {
            PullFile | PullAddress | PullRegistry | Create => {}
            Delete => drop(here.succeed(&["pull", &world.images[2]])),
            Collect => litter(world),
            Start | Remove => here.create(VM),
            Stop | RemoveRunning => {
                here.create(VM);
                here.succeed(&["start", VM]);
                // Before that it does not see its power button.
                here.wait_for_console(VM, "test guest");
            }
            Clone | SnapshotCreate | SnapshotRestore | SnapshotRemove => {
                create_with_data_disk(world);
                write(world, 1);
                if matches!(self, SnapshotRestore | SnapshotRemove) {
                    here.succeed(&["snapshot", "create", VM, "first"]);
                    write(world, 2);
                }
            }
        }
    }

    pub(crate) fn arguments(self, world: &World) -> Vec<String> {
        let words = match self {
            PullFile => vec!["pull", &world.images[0]],
            PullAddress => vec!["pull", &world.images[1]],
            PullRegistry => vec!["pull", &world.images[2]],
            Delete => vec!["delete", &world.images[2]],
            Collect => vec!["gc"],
            Create => return world.here.create_arguments(VM),
            Start => vec!["start", VM],
            Stop => vec!["stop", VM],
            Clone => vec!["clone", VM, COPY],
            SnapshotCreate => vec!["snapshot", "create", VM, "first"],
            SnapshotRestore => vec!["snapshot", "restore", VM, "first"],
            SnapshotRemove => vec!["snapshot", "rm", VM, "first"],
            Remove => vec!["rm", VM],
            RemoveRunning => vec!["rm", "--force", VM],
        };
        words.into_iter().map(str::to_owned).collect()
    }

    /// Checks that what is told is true, does what is left to do, and checks that it is done.
    #[track_caller]
    pub(crate) fn check(self, world: &World) {
        world.assert_true();
        let here = &world.here;
        let names = here.names();
        let is_there = |name: &str| names.iter().any(|there| there == name);
        let arguments = self.arguments(world);
        let again: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match self {
            PullFile | PullAddress | PullRegistry => {
                here.succeed(&again);
                assert!(here.succeed(&["list"]).contains(again[1]));
            }
            Delete => {
                if here.succeed(&["list"]).contains(again[1]) {
                    here.succeed(&again);
                }
                assert!(!here.succeed(&["list"]).contains(again[1]));
                // What is left of it does no harm to who wants it again.
                here.succeed(&["pull", again[1]]);
            }
            Collect => {
                here.succeed(&again);
                assert_eq!(here.succeed(&["gc", "--dry-run"]), "");
                assert!(is_there(VM) && here.succeed(&["list"]).contains(&world.images[1]), "what is used stays");
                here.succeed(&["start", VM]);
            }
            Create if !is_there(VM) => drop(here.succeed(&again)),
            Create => assert!(here.fail(&again).contains("already")),
            Start => {
                here.succeed(&again);
                assert_eq!(here.state(VM), "running");
            }
            Stop => {
                here.succeed(&again);
                assert_eq!(here.state(VM), "stopped");
                here.succeed(&["start", VM]);
            }
            Clone => {
                if !is_there(COPY) {
                    here.succeed(&again);
                }
                assert_eq!(patterns(world, COPY), [1, 1]);
            }
            SnapshotCreate => {
                let kept = here.inspect(VM)["snapshots"].as_array().unwrap().len();
                if kept == 0 {
                    here.succeed(&again);
                }
                write(world, 2);
                here.succeed(&["snapshot", "restore", VM, "first"]);
                assert_eq!(patterns(world, VM), [1, 1]);
            }
            SnapshotRestore => {
                here.succeed(&again);
                assert_eq!(patterns(world, VM), [1, 1]);
            }
            SnapshotRemove => {
                if here.inspect(VM)["snapshots"].as_array().unwrap().len() == 1 {
                    here.succeed(&again);
                }
                // Also where the disks still had it, its name is free.
                here.succeed(&["snapshot", "create", VM, "first"]);
                assert_eq!(patterns(world, VM), [2, 2]);
            }
            Remove | RemoveRunning => {
                if is_there(VM) {
                    here.succeed(&["rm", "--force", VM]);
                }
                here.create(VM);
            }
        }
    }
}

/// Uses each command once.
#[track_caller]
pub(crate) fn every_command_works(world: &World) {
    let here = &world.here;
    here.create("tour-1");
    here.succeed(&["snapshot", "create", "tour-1", "first"]);
    here.succeed(&["snapshot", "restore", "tour-1", "first"]);
    here.succeed(&["snapshot", "rm", "tour-1", "first"]);
    here.succeed(&["clone", "tour-1", "tour-2"]);
    here.succeed(&["start", "tour-1", "tour-2"]);
    here.wait_for_console("tour-2", "test guest");
    here.succeed(&["restart", "--force", "tour-1"]);
    here.succeed(&["stop", "--force", "tour-1", "tour-2"]);
    here.succeed(&["rm", "tour-1", "tour-2"]);
    here.succeed(&["pull", &world.images[0]]);
    here.succeed(&["gc"]);
}

/// What a collection has to do, beside an image and a VM that it must leave alone.
fn litter(world: &World) {
    let here = &world.here;
    here.create(VM);
    here.succeed(&["pull", &world.images[1]]);
    let root = here.root();
    for number in 0..4 {
        let content = format!("nobody's {number}");
        let digest = cocoon::Digest::of(content.as_bytes()).hex();
        fs::write(root.join("images/blobs/sha256").join(digest), content).unwrap();
        fs::write(root.join(format!("images/parts/new-{number:016x}")), "half").unwrap();
        fs::create_dir(root.join(format!("staging/{number:016x}"))).unwrap();
        fs::write(root.join(format!("staging/{number:016x}/system.qcow2")), "half").unwrap();
        for directory in ["run", "log"] {
            fs::create_dir(root.join(directory).join(format!("{number:012x}"))).unwrap();
        }
    }
}

fn create_with_data_disk(world: &World) {
    let mut arguments = world.here.create_arguments(VM);
    arguments.extend(["--data-disk", "1G"].map(str::to_owned));
    world.here.succeed(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
}

/// The disks of such a VM.
const DISKS: [&str; 2] = ["system.qcow2", "data-1.qcow2"];

fn qemu_io(world: &World, vm: &str, disk: &str, command: &str) -> bool {
    let path = world.here.root().join("vms").join(vm).join(disk);
    let output = Command::new("qemu-io").args(["-f", "qcow2", "-c", command]).arg(path).output().unwrap();
    output.status.success() && !text(&output.stdout).contains("verification failed")
}

/// Writes a pattern to each disk.
fn write(world: &World, pattern: u8) {
    for disk in DISKS {
        assert!(qemu_io(world, VM, disk, &format!("write -q -P {pattern} 0 4096")));
    }
}

/// The pattern that each disk holds, of 1 and 2.
fn patterns(world: &World, vm: &str) -> Vec<u8> {
    let holds = |disk: &str, pattern: &u8| qemu_io(world, vm, disk, &format!("read -q -P {pattern} 0 4096"));
    DISKS.iter().map(|disk| [1, 2].into_iter().find(|pattern| holds(disk, pattern)).unwrap()).collect()
}
