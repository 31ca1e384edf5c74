//! Many commands at once: each change is made by exactly one of them, and none is lost.

use std::process::{Child, Output, Stdio};

use crate::support::{Installation, text};

const VMS: usize = 16;
const COMMANDS: usize = 64;

fn name(number: usize) -> String {
    format!("web-{}", number % VMS)
}

/// Runs `COMMANDS` commands at once, four for each VM, and answers what each printed, by VM.
fn at_once(here: &Installation, arguments: impl Fn(usize) -> Vec<String>) -> Vec<Vec<Output>> {
    let children: Vec<Child> = (0..COMMANDS)
        .map(|number| {
            let arguments = arguments(number);
            let mut command = here.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut outputs: Vec<Vec<Output>> = (0..VMS).map(|_| Vec::new()).collect();
    for (number, child) in children.into_iter().enumerate() {
        outputs[number % VMS].push(child.wait_with_output().unwrap());
    }
    outputs
}

fn words(line: &str, number: usize) -> Vec<String> {
    line.split(' ').map(str::to_owned).chain([name(number)]).collect()
}

/// That of the commands on each VM exactly one did it, and the others succeeded with other words.
#[track_caller]
fn assert_one_did(outputs: &[Vec<Output>], done: &str, others: &str) {
    for outputs in outputs {
        for output in outputs {
            assert!(output.status.success(), "{}", text(&output.stderr));
        }
        let count = |what: &str| outputs.iter().filter(|output| text(&output.stdout).ends_with(what)).count();
        assert_eq!((count(done), count(others)), (1, outputs.len() - 1), "{outputs:?}");
    }
}

/// That of the commands on each VM exactly one succeeded, and the others failed for this reason.
#[track_caller]
fn assert_one_succeeded(outputs: &[Vec<Output>], reason: &str) {
    for outputs in outputs {
        assert_eq!(outputs.iter().filter(|output| output.status.success()).count(), 1, "{outputs:?}");
        for output in outputs.iter().filter(|output| !output.status.success()) {
            assert!(text(&output.stderr).contains(reason), "{}", text(&output.stderr));
        }
    }
}

#[test]
fn of_64_commands_at_once_on_16_vms_each_change_is_made_by_one_and_none_is_lost() {
    let Some(here) = Installation::new() else { return };

    assert_one_succeeded(&at_once(&here, |number| here.create_arguments(&name(number))), "already");
    assert_eq!(here.names().len(), VMS);

    assert_one_did(&at_once(&here, |number| words("start", number)), "started\n", "runs already\n");
    assert_eq!(here.hypervisors().len(), VMS);

    assert_one_did(&at_once(&here, |number| words("stop --force", number)), "stopped (ended)\n", "did not run\n");
    assert_eq!(here.hypervisors().len(), 0);

    // All kinds at once: whatever comes last holds, and is told truly.
    let mixed = at_once(&here, |number| {
        let line = ["start", "stop --force", "inspect", "restart --force"][number / VMS];
        words(line, number)
    });
    for output in mixed.iter().flatten() {
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let running = (0..VMS).filter(|&number| here.state(&name(number)) == "running").count();
    assert_eq!(here.hypervisors().len(), running);

    assert_one_succeeded(&at_once(&here, |number| words("rm --force", number)), "there is no VM");
    here.succeed(&["gc"]);
    here.assert_empty();
}

/// What is done at once on VMs that do not run, and with what the others may fail meanwhile.
#[test]
fn clones_snapshots_and_collections_beside_each_other_lose_nothing() {
    let Some(here) = Installation::new() else { return };
    for number in 0..VMS {
        here.create(&name(number));
    }
    // Each VM has two snapshots taken, is cloned, and the whole is collected meanwhile.
    let outputs = at_once(&here, |number| {
        let vm = name(number);
        let line = match number / VMS {
            0 => format!("snapshot create {vm} first"),
            1 => format!("snapshot create {vm} second"),
            2 => format!("clone {vm} copy-of-{vm}"),
            _ => "gc".to_owned(),
        };
        line.split(' ').map(str::to_owned).collect()
    });
    for output in outputs.iter().flatten() {
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    assert_eq!(here.names().len(), 2 * VMS);
    for number in 0..VMS {
        let mut kept = snapshots(&here, &name(number));
        kept.sort();
        assert_eq!(kept, ["first", "second"]);
        // A clone has what there was when it was its turn, whole.
        let copy = format!("copy-of-{}", name(number));
        for snapshot in snapshots(&here, &copy) {
            here.succeed(&["snapshot", "restore", &copy, &snapshot]);
        }
    }
    let copies: Vec<String> = (0..VMS).map(|number| format!("copy-of-{}", name(number))).collect();
    let words = |first: &[&str]| first.iter().map(|&word| word.to_owned()).chain(copies.clone()).collect::<Vec<_>>();
    for line in [words(&["start"]), words(&["rm", "--force"])] {
        here.succeed(&line.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let vms: Vec<String> = (0..VMS).map(name).collect();
    here.succeed(&["rm"].into_iter().chain(vms.iter().map(String::as_str)).collect::<Vec<_>>());
    here.succeed(&["gc"]);
    here.assert_empty();
}

fn snapshots(here: &Installation, vm: &str) -> Vec<String> {
    let vm = here.inspect(vm);
    let names = vm["snapshots"].as_array().unwrap().iter().map(|kept| kept["name"].as_str().unwrap().to_owned());
    names.collect()
}
