//! `kill -9` of a command anywhere: what is left of a network is found, and nothing of it outlives `gc`.

use std::process::Stdio;
use std::time::Duration;

use crate::support::{kill, kill_at_every_step, wait_until};
use crate::world::World;

/// Brings the VM to where the command begins, kills it at each step, and lets `gc` and the next commands clean.
fn at_every_step(arguments: &[&str], at_least: u64, prepare: impl Fn(&World)) {
    let Some(world) = World::new() else { return };
    let check = || {
        // A program that the command was running goes on to its end.
        let runs = world.here.hypervisors().len();
        wait_until("gc", || world.here.run(&["gc"]).status.success());
        if runs == 0 {
            wait_until("programs of the command to end", || {
                world.here.succeed(&["gc"]);
                world.interfaces().is_empty() && world.tables().is_empty()
            });
            world.assert_kernel_is_clean();
        } else {
            assert_eq!(world.interfaces().len(), 2, "what runs keeps its network");
        }
        assert_eq!(world.here.succeed(&["gc"]), "", "the first one has left nothing");
        if world.here.names().is_empty() {
            world.assert_empty();
            world.create(NAME, "front", PORT);
        }
        world.here.succeed(&["start", NAME]);
        assert_eq!((world.interfaces().len(), world.tables().len(), world.processes("dnsmasq").len()), (2, 3, 1));
        world.here.succeed(&["stop", "--force", NAME]);
        world.assert_kernel_is_clean();
        world.here.succeed(&["rm", NAME]);
        world.assert_empty();
    };
    kill_at_every_step(&world.here, arguments, at_least, || prepare(&world), check);
    if !world.here.names().is_empty() {
        world.here.succeed(&["rm", "--force", NAME]);
    }
    world.assert_empty();
}

const NAME: &str = "web-1";
const PORT: &[&str] = &["--publish", "8080:80"];

#[test]
fn a_create_on_a_network_may_be_killed_at_every_step() {
    let Some(world) = World::new() else { return };
    let mut arguments = world.here.create_arguments(NAME);
    arguments.extend(["--network", "front"].map(str::to_owned));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let check = || {
        world.here.succeed(&["gc"]);
        assert_eq!(world.here.succeed(&["gc"]), "");
        if world.here.names().is_empty() {
            world.assert_empty();
            world.create(NAME, "front", &[]);
        }
        world.here.succeed(&["rm", NAME]);
        world.assert_empty();
    };
    kill_at_every_step(&world.here, &arguments, 10, || {}, check);
}

#[test]
fn a_start_on_a_network_may_be_killed_at_every_step() {
    at_every_step(&["start", NAME], 16, |world| world.create(NAME, "front", PORT));
}

#[test]
fn a_stop_on_a_network_may_be_killed_at_every_step() {
    at_every_step(&["stop", "--force", NAME], 9, |world| {
        world.create(NAME, "front", PORT);
        world.here.succeed(&["start", NAME]);
    });
}

#[test]
fn a_removal_from_a_network_may_be_killed_at_every_step() {
    at_every_step(&["rm", NAME], 8, |world| world.create(NAME, "front", PORT));
}

#[test]
fn a_removal_of_a_vm_that_runs_on_a_network_may_be_killed_at_every_step() {
    at_every_step(&["rm", "--force", NAME], 14, |world| {
        world.create(NAME, "front", PORT);
        world.here.succeed(&["start", NAME]);
    });
}

#[test]
fn a_start_and_a_stop_on_a_network_may_be_killed_at_any_moment() {
    let Some(world) = World::new() else { return };
    let mut chance = fastrand::Rng::with_seed(1);
    world.create(NAME, "front", PORT);
    for arguments in [&["start", NAME][..], &["stop", "--force", NAME]].into_iter().cycle().take(16) {
        let mut child = world.here.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(chance.u64(0..200_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        // What the killed command has started, such as `ip`, ends a moment later, and may do its work until then.
        wait_until("all to be clean or to run", || {
            let collected = world.here.run(&["gc"]).status.success();
            let (interfaces, tables) = (world.interfaces().len(), world.tables().len());
            let processes = (world.here.hypervisors().len(), world.processes("dnsmasq").len());
            collected && matches!((interfaces, tables, processes), (0, 0, (0, 0)) | (2, 3, (1, 1)))
        });
    }
    world.here.succeed(&["start", NAME]);
    world.here.succeed(&["rm", "--force", NAME]);
    world.assert_empty();
}

#[test]
fn a_collection_may_be_killed_at_every_step() {
    let Some(world) = World::new() else { return };
    let prepare = || {
        world.create(NAME, "front", PORT);
        world.here.succeed(&["start", NAME]);
        kill(world.here.hypervisors()[0]);
        wait_until("its end", || world.here.hypervisors().is_empty());
        assert!(!world.interfaces().is_empty(), "nobody has looked so far");
    };
    let check = || {
        wait_until("gc", || world.here.run(&["gc"]).status.success());
        world.assert_kernel_is_clean();
        world.here.succeed(&["rm", NAME]);
        world.assert_empty();
    };
    kill_at_every_step(&world.here, &["gc"], 5, prepare, check);
    world.here.succeed(&["rm", NAME]);
}

#[test]
fn what_belongs_to_nobody_is_collected_and_what_is_anothers_is_left() {
    let Some(world) = World::new() else { return };
    world.create(NAME, "front", PORT);
    world.here.succeed(&["start", NAME]);
    let dry = world.here.succeed(&["gc", "--dry-run"]);
    assert_eq!(dry, "", "it runs");
    for name in ["cn0000012345678", "docker0"] {
        assert!(world.run("box", &["ip", "link", "add", name, "type", "bridge"]).status.success());
    }
    // All files are lost, as by `rm -r`.
    std::fs::remove_dir_all(world.here.root()).unwrap();
    world.processes("qemu-system").into_iter().for_each(kill);
    wait_until("its end", || world.processes("qemu-system").is_empty());
    world.here.succeed(&["ps"]);
    let dry = world.here.succeed(&["gc", "--dry-run"]);
    assert_eq!(dry.lines().count(), 3, "{dry}");
    assert_eq!(world.here.succeed(&["gc"]), dry.replace("would remove", "removed"));
    assert_eq!(world.interfaces(), ["cn0000012345678", "docker0"]);
    assert_eq!(world.tables(), Vec::<String>::new());
    wait_until("dnsmasq's end", || world.processes("dnsmasq").is_empty());
}
