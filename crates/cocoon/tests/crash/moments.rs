//! `kill -9` of each command at moments of chance, spread over the time that it takes when nobody kills it.
//!
//! `COCOON_KILLS` sets how often each is killed, `COCOON_SEED` where chance begins.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::operation::{Operation, every_command_works};
use crate::world::World;

/// Kills the command so many times.
fn at_any_moment(operation: Operation) {
    let Some(world) = World::new() else { return };
    let (kills, mut chance) = (number("COCOON_KILLS", 4), fastrand::Rng::with_seed(number("COCOON_SEED", 1)));
    let whole = duration(&world, operation);
    let (mut killed, mut steps) = (0, BTreeSet::new());
    for kill in 0..kills {
        operation.prepare(&world);
        let (mut child, trace) = begin(&world, operation);
        sleep(whole.mul_f64((kill as f64 + chance.f64()) / kills as f64));
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
    assert!(kills < 50 || killed > kills / 2, "most kills shall hit");
}

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
    times[1]
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
    ($($name:ident: $operation:ident,)*) => {
        $(
            #[test]
            fn $name() {
                at_any_moment(Operation::$operation);
            }
        )*
    };
}

moments! {
    a_pull_from_a_file_may_be_killed_at_any_moment: PullFile,
    a_pull_from_an_address_may_be_killed_at_any_moment: PullAddress,
    a_pull_from_a_registry_may_be_killed_at_any_moment: PullRegistry,
    a_delete_may_be_killed_at_any_moment: Delete,
    a_collection_may_be_killed_at_any_moment: Collect,
    a_create_may_be_killed_at_any_moment: Create,
    a_start_may_be_killed_at_any_moment: Start,
    a_stop_may_be_killed_at_any_moment: Stop,
    a_clone_may_be_killed_at_any_moment: Clone,
    a_snapshot_may_be_killed_at_any_moment: SnapshotCreate,
    a_restore_may_be_killed_at_any_moment: SnapshotRestore,
    the_end_of_a_snapshot_may_be_killed_at_any_moment: SnapshotRemove,
    a_removal_may_be_killed_at_any_moment: Remove,
    a_removal_of_a_vm_that_runs_may_be_killed_at_any_moment: RemoveRunning,
}
