//! `kill -9` of the command anywhere: afterwards every command works, what is told is true, and nothing is orphaned.
//!
//! Twice: at each step that a command takes, one after the other, and at moments of chance.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use support::{Installation, kill_at_every_step, wait_until};

/// A command that is killed, and the VM as it finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Create,
    Start,
    Stop,
    Remove,
    RemoveRunning,
}

impl Operation {
    /// Brings the VM to where the operation begins.
    fn prepare(self, here: &Installation) {
        if self != Self::Create {
            here.create(NAME);
        }
        if matches!(self, Self::Stop | Self::RemoveRunning) {
            here.succeed(&["start", NAME]);
        }
        if self == Self::Stop {
            // Before that it does not see its power button.
            here.wait_for_console(NAME, "test guest");
        }
    }

    fn arguments(self, here: &Installation) -> Vec<String> {
        let words = match self {
            Self::Create => return here.create_arguments(NAME),
            Self::Start => vec!["start", NAME],
            Self::Stop => vec!["stop", NAME],
            Self::Remove => vec!["rm", NAME],
            Self::RemoveRunning => vec!["rm", "--force", NAME],
        };
        words.into_iter().map(str::to_owned).collect()
    }

    /// Checks that what is told is true, repeats the operation, and removes all.
    #[track_caller]
    fn check(self, here: &Installation) {
        // `qemu-img` may outlive the command by a moment, and a killed hypervisor's files close one after the other.
        let names = here.names();
        assert!(names.is_empty() || names == [NAME]);
        if !names.is_empty() {
            let running = here.hypervisors();
            assert!(running.len() <= 1, "one VM, one hypervisor");
            let told = here.state(NAME);
            assert_eq!(told == "running", running.len() == 1, "{told}");
        } else {
            assert_eq!(here.hypervisors(), Vec::<u32>::new());
        }

        // Repeated, it does what is left to do.
        match self {
            Self::Create if names.is_empty() => here.create(NAME),
            Self::Remove | Self::RemoveRunning if names.is_empty() => here.create(NAME),
            Self::Create => {}
            Self::Start => drop(here.succeed(&["start", NAME])),
            Self::Stop => drop(here.succeed(&["stop", NAME])),
            Self::Remove | Self::RemoveRunning => {
                here.succeed(&["rm", "--force", NAME]);
                here.create(NAME);
            }
        }
        assert_eq!(here.state(NAME) == "running", self == Self::Start);

        // And every command works.
        here.succeed(&["start", NAME]);
        assert_eq!(here.hypervisors().len(), 1);
        here.succeed(&["stop", "--force", NAME]);
        assert_eq!(here.hypervisors().len(), 0);
        here.succeed(&["rm", NAME]);
        here.assert_empty();
    }
}

const NAME: &str = "web-1";

fn at_every_step(operation: Operation, at_least: u64) {
    let Some(here) = Installation::new() else { return };
    let arguments = operation.arguments(&here);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    kill_at_every_step(&here, &arguments, at_least, || operation.prepare(&here), || operation.check(&here));
}

#[test]
fn a_create_may_be_killed_at_every_step() {
    at_every_step(Operation::Create, 6);
}

#[test]
fn a_start_may_be_killed_at_every_step() {
    at_every_step(Operation::Start, 10);
}

#[test]
fn a_stop_may_be_killed_at_every_step() {
    at_every_step(Operation::Stop, 10);
}

#[test]
fn a_removal_may_be_killed_at_every_step() {
    at_every_step(Operation::Remove, 4);
}

#[test]
fn a_removal_of_a_vm_that_runs_may_be_killed_at_every_step() {
    at_every_step(Operation::RemoveRunning, 5);
}

/// Kills each operation in turn after a time of chance. `COCOON_KILLS` sets how often, `COCOON_SEED` where chance starts.
#[test]
fn every_command_may_be_killed_at_any_moment() {
    let number =
        |variable: &str, default| std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (kills, seed) = (number("COCOON_KILLS", 40), number("COCOON_SEED", 1));
    let Some(here) = Installation::new() else { return };
    let mut chance = fastrand::Rng::with_seed(seed);
    let operations =
        [Operation::Create, Operation::Start, Operation::Stop, Operation::Remove, Operation::RemoveRunning];
    let mut killed = 0;
    for operation in operations.into_iter().cycle().take(usize::try_from(kills).unwrap()) {
        operation.prepare(&here);
        let arguments: Vec<String> = operation.arguments(&here);
        let mut command = here.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(chance.u64(0..150_000)));
        child.kill().unwrap();
        killed += u64::from(child.wait().unwrap().signal() == Some(9));
        wait_until("qemu-img's end", || {
            here.succeed(&["gc", "--dry-run"]).is_empty() || here.run(&["gc"]).status.success()
        });
        operation.check(&here);
    }
    eprintln!("{killed} of {kills} commands were killed before their end");
}
