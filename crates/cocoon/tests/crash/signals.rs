//! Ctrl-C and `kill` at moments of chance: the command undoes what it has begun before it ends, and says what is left.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::operation::Operation;
use crate::support::text;
use crate::world::World;

fn interrupted(operation: Operation) {
    let Some(world) = World::new() else { return };
    let begin = || {
        operation.prepare(&world);
        let arguments = operation.arguments(&world);
        let mut command = world.here.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let started = Instant::now();
    assert!(begin().wait().unwrap().success());
    let whole = started.elapsed();
    operation.check(&world);
    world.clear();
    let mut chance = fastrand::Rng::with_seed(1);
    let mut broken_off = 0;
    for time in 0..TIMES {
        let (signal, code) = if time % 2 == 0 { (Signal::INT, 130) } else { (Signal::TERM, 143) };
        let child = begin();
        sleep(whole.mul_f64((f64::from(time) + chance.f64()) / f64::from(TIMES)));
        kill_process(Pid::from_child(&child), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = text(&output.stderr);
        match output.status.code() {
            Some(0) => {}
            Some(ended) => {
                assert_eq!(ended, code, "{operation:?}: {said}");
                assert!(said.contains("cocoon: interrupted"), "{said}");
                assert!(
                    operation != Operation::Start || said.contains("is stopped") == world.here.hypervisors().is_empty()
                );
                broken_off += 1;
            }
            // Before it did anything.
            None => assert!(output.status.signal().is_some()),
        }
        assert_eq!(half_done(&world), Vec::<String>::new(), "{operation:?}: {said}");
        operation.check(&world);
        world.clear();
    }
    assert!(broken_off > 0, "{operation:?}: no signal came in time");
}

const TIMES: u32 = 16;

/// What a command leaves that does not undo what it began.
fn half_done(world: &World) -> Vec<String> {
    let files = ["staging", "images/parts", "images/leases"].into_iter().flat_map(|directory| {
        fs::read_dir(world.here.root().join(directory)).into_iter().flatten().map(|entry| entry.unwrap().file_name())
    });
    let names = files.map(|name| name.to_string_lossy().into_owned());
    // A download is gone on with.
    names.filter(|name| !["url-", "layer-"].iter().any(|begin| name.starts_with(begin))).collect()
}

#[test]
fn a_pull_that_is_interrupted_keeps_its_downloads_and_nothing_else() {
    interrupted(Operation::PullRegistry);
    interrupted(Operation::PullFile);
}

#[test]
fn a_create_that_is_interrupted_leaves_nothing() {
    interrupted(Operation::Create);
}

#[test]
fn a_clone_that_is_interrupted_leaves_nothing() {
    interrupted(Operation::Clone);
}

#[test]
fn a_start_that_is_interrupted_says_what_the_vm_is() {
    interrupted(Operation::Start);
}

#[test]
fn a_pull_that_waits_for_a_silent_server_ends_at_once() {
    let Some(world) = World::new() else { return };
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/a.img", silent.local_addr().unwrap());
    let child = world.here.command(&["pull", &address]).stderr(Stdio::piped()).spawn().unwrap();
    let _connection = silent.accept().unwrap();
    let started = Instant::now();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(half_done(&world), Vec::<String>::new());
}
