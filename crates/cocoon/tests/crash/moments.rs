//! `kill -9` of each command at moments of chance, spread over the time that it takes when nobody kills it.
//!
//! `COCOON_KILLS` sets how often each is killed, `COCOON_SEED` where chance begins. What is much like another is killed a
//! quarter as often.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::operation::{Operation, every_command_works};
use crate::world::World;

/// Kills the command so many times, or a part of that.
fn at_any_moment(operation: Operation, part: u64) {
    let Some(world) = World::new() else { return };
    let kills = number("COCOON_KILLS", 4).div_ceil(part);
    let mut chance = fastrand::Rng::with_seed(number("COCOON_SEED", 1));
    let mut whole = duration(&world, operation);
    let (mut killed, mut steps) = (0, BTreeSet::new());
    for kill in 0..kills {
        operation.prepare(&world);
        let begun = Instant::now();
        let (mut child, trace) = begin(&world, operation);
        let moment = whole.mul_f64((kill as f64 + chance.f64()) / kills as f64);
        while begun.elapsed() < moment {
            sleep(moment.saturating_sub(begun.elapsed()).min(LOOK));
            // It was quicker than before: the moments are spread over the shortest time that was seen.
            if child.try_wait().unwrap().is_some() {
                whole = whole.min(begun.elapsed());
                break;
            }
        }
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        if ended.signal() == Some(9) {
            killed += 1;
            steps.insert(fs::read_to_string(trace).ok().and_then(|steps| steps.lines().last().map(str::to_owned)));
        } else {
            assert!(ended.success(), "{operation:?}: {ended}");
        }
        operation.check(&world);
        if kill % TOUR == 0 {
            every_command_works(&world);
        }
        world.clear();
    }
    eprintln!(
        "{operation:?}: {killed} of {kills} killed before their end, at {} distinct steps, within {} ms",
        steps.len(),
        whole.as_millis()
    );
    assert!(kills < 50 || killed > kills / 4, "too few kills hit");
}

/// Between two looks at a command that is about to be killed.
const LOOK: Duration = Duration::from_micros(500);

/// How often all the other commands are tried too.
const TOUR: u64 = 20;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// How long it takes when nobody kills it.
fn duration(world: &World, operation: Operation) -> Duration {
    let mut times: Vec<Duration> = (0..3)
        .map(|_| {
            operation.prepare(world);
            let started = Instant::now();
            let ended = begin(world, operation).0.wait().unwrap();
            let took = started.elapsed();
            assert!(ended.success(), "{operation:?}: {ended}");
            operation.check(world);
            world.clear();
            took
        })
        .collect();
    times.sort();
    times[0]
}

/// Starts it, and answers where it tells its steps.
fn begin(world: &World, operation: Operation) -> (Child, std::path::PathBuf) {
    let trace = world.here.disk().with_file_name("trace");
    let _ = fs::remove_file(&trace);
    let arguments = operation.arguments(world);
    let mut command = world.here.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    command.env("COCOON_CRASH_TRACE", &trace).stdout(Stdio::null()).stderr(Stdio::null());
    (command.spawn().unwrap(), trace)
}

macro_rules! moments {
    ($($name:ident: $operation:ident / $part:literal,)*) => {
        $(
            #[test]
            fn $name() {
                at_any_moment(Operation::$operation, $part);
            }
        )*
    };
}

moments! {
    a_pull_from_a_file_may_be_killed_at_any_moment: PullFile / 4,
    a_pull_from_an_address_may_be_killed_at_any_moment: PullAddress / 4,
    a_pull_from_a_registry_may_be_killed_at_any_moment: PullRegistry / 1,
    a_delete_may_be_killed_at_any_moment: Delete / 4,
    a_collection_may_be_killed_at_any_moment: Collect / 1,
    a_create_may_be_killed_at_any_moment: Create / 1,
    a_start_may_be_killed_at_any_moment: Start / 1,
    a_stop_may_be_killed_at_any_moment: Stop / 1,
    a_clone_may_be_killed_at_any_moment: Clone / 1,
    a_snapshot_may_be_killed_at_any_moment: SnapshotCreate / 4,
    a_restore_may_be_killed_at_any_moment: SnapshotRestore / 4,
    the_end_of_a_snapshot_may_be_killed_at_any_moment: SnapshotRemove / 4,
    a_removal_may_be_killed_at_any_moment: Remove / 4,
    a_removal_of_a_vm_that_runs_may_be_killed_at_any_moment: RemoveRunning / 1,
}
