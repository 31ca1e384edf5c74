//! The programs that a command has started are killed, and not the command: the hypervisor, `qemu-img`, `xorriso`.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::operation::Operation;
use crate::support::{kill, text};
use crate::world::World;

/// Runs the command and kills what it has started, whenever that is there; answers how often that was, of `times`.
fn killed(operation: Operation, times: u32, victims: impl Fn(&World) -> Vec<u32>) -> u32 {
    let Some(world) = World::new() else { return times };
    let mut chance = fastrand::Rng::with_seed(1);
    let mut hit = 0;
    for _ in 0..times {
        operation.prepare(&world);
        let before = victims(&world);
        let arguments = operation.arguments(&world);
        let mut command = world.here.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let pause = Duration::from_micros(chance.u64(0..3000));
        let deadline = Instant::now() + Duration::from_secs(60);
        while child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "{operation:?} does not end");
            let found = victims(&world);
            // Those that were there before are killed in the midst of the command as well.
            if !found.is_empty() && (found != before || chance.u8(0..10) == 0) {
                std::thread::sleep(pause);
                found.into_iter().for_each(kill);
                hit += 1;
                break;
            }
        }
        let output = child.wait_with_output().unwrap();
        let complaint = text(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{operation:?}: {:?}, {complaint}", output.status);
        assert!(output.status.success() || complaint.trim_end().len() > 30, "says little: {complaint}");
        operation.check(&world);
        world.clear();
    }
    hit
}

#[test]
fn a_hypervisor_may_be_killed_under_every_command_on_its_vm() {
    for operation in [Operation::Start, Operation::Stop, Operation::RemoveRunning] {
        let hit = killed(operation, 5, |world| world.here.hypervisors());
        assert!(hit >= 1, "{operation:?}: {hit}");
    }
}

#[test]
fn qemu_img_may_be_killed_under_every_command_that_uses_it() {
    let operations =
        [Operation::Create, Operation::SnapshotCreate, Operation::SnapshotRestore, Operation::SnapshotRemove];
    for operation in operations {
        let hit = killed(operation, 5, |world| world.here.helpers());
        assert!(hit >= 1, "{operation:?}: {hit}");
    }
}
