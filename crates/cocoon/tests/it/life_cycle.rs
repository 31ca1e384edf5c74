//! A VM's life, by the command, with real guests.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::support::{Installation, kill, text, wait_until};
use serde_json::Value;

#[test]
fn a_vm_lives_from_create_to_rm_and_leaves_nothing() {
    let Some(here) = Installation::new() else { return };
    here.create("web-1");
    assert_eq!(here.state("web-1"), "stopped");
    assert_eq!(here.succeed(&["start", "web-1"]), "web-1: started\n");
    assert_eq!(here.state("web-1"), "running");
    assert_eq!(here.hypervisors().len(), 1);
    assert_eq!(here.succeed(&["start", "web-1"]), "web-1: runs already\n");
    here.wait_for_console("web-1", "test guest");
    assert_eq!(here.succeed(&["stop", "web-1"]), "web-1: powered off\n");
    assert_eq!(here.succeed(&["stop", "web-1"]), "web-1: did not run\n");
    assert_eq!(here.inspect("web-1")["ending"], "powered_off");
    here.succeed(&["rm", "web-1"]);
    assert_eq!(here.names(), Vec::<String>::new());
    here.assert_empty();
}

#[test]
fn the_console_goes_both_ways_and_comes_back() {
    let Some(here) = Installation::new() else { return };
    here.create("web-1");
    here.succeed(&["start", "web-1"]);
    here.wait_for_console("web-1", "test guest");
    for word in ["hello", "again"] {
        let mut console = UnixStream::connect(here.inspect("web-1")["console_socket"].as_str().unwrap()).unwrap();
        console.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        console.write_all(word.as_bytes()).unwrap();
        let mut heard = [0; 5];
        console.read_exact(&mut heard).unwrap();
        assert_eq!(text(&heard), word);
    }
    assert!(here.succeed(&["logs", "web-1"]).ends_with("helloagain"));
}

#[test]
fn what_is_piped_into_the_console_reaches_the_guest_and_its_end_ends_the_command() {
    let Some(here) = Installation::new() else { return };
    here.create("web-1");
    here.succeed(&["start", "web-1"]);
    here.wait_for_console("web-1", "test guest");
    let mut console = here.command(&["console", "web-1"]);
    let mut console = console.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut input = console.stdin.take().unwrap();
    // The guest powers off at a `q`, which closes its console.
    input.write_all(b"~.hi q").unwrap();
    let mut heard = String::new();
    console.stdout.take().unwrap().read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "~.hi ");
    assert!(console.wait().unwrap().success());
}

#[test]
fn a_guest_that_is_deaf_to_its_power_button_is_ended_after_its_grace_and_each_step_is_said() {
    let Some(here) = Installation::new() else { return };
    here.create("web-1");
    here.succeed(&["start", "web-1"]);
    here.wait_for_console("web-1", "test guest");
    let mut console = UnixStream::connect(here.inspect("web-1")["console_socket"].as_str().unwrap()).unwrap();
    console.write_all(b"s").unwrap();
    here.wait_for_console("web-1", "guest\r\ns");
    let stopped = here.run(&["stop", "--grace", "0.2", "web-1"]);
    assert_eq!(text(&stopped.stdout), "web-1: stopped (ended)\n");
    assert_eq!(
        text(&stopped.stderr),
        "web-1: asked to power off within 200ms\n\
         web-1: still runs after 200ms: its hypervisor is told to end\n"
    );
    assert!(here.succeed(&["logs", "web-1"]).ends_with('!'), "the button was pressed");
    assert_eq!((here.state("web-1").as_str(), here.hypervisors().len()), ("stopped", 0));
}

#[test]
fn a_hypervisor_that_does_not_answer_is_killed_and_that_is_said() {
    let Some(here) = Installation::new() else { return };
    here.create("web-1");
    here.succeed(&["start", "web-1"]);
    // Frozen: neither the button nor the order to end reaches it.
    let process = here.hypervisors()[0];
    std::process::Command::new("kill").args(["-STOP", &process.to_string()]).status().unwrap();
    let stopped = here.run(&["stop", "--force", "web-1"]);
    assert_eq!(text(&stopped.stdout), "web-1: stopped (killed)\n");
    assert!(text(&stopped.stderr).contains("its hypervisor is killed"), "{}", text(&stopped.stderr));
    assert_eq!(here.hypervisors().len(), 0);
}

#[test]
fn a_guest_that_powers_off_by_itself_reads_as_stopped_and_starts_again_with_its_logs() {
    let Some(here) = Installation::new() else { return };
    here.create("web-1");
    here.succeed(&["start", "web-1"]);
    here.wait_for_console("web-1", "test guest");
    let mut console = UnixStream::connect(here.inspect("web-1")["console_socket"].as_str().unwrap()).unwrap();
    console.write_all(b"q").unwrap();
    wait_until("its end", || here.state("web-1") == "stopped");
    assert_eq!(here.inspect("web-1")["ending"], "by_itself");
    here.succeed(&["start", "web-1"]);
    wait_until("its second banner", || here.succeed(&["logs", "web-1"]).matches("test guest").count() == 2);
}

#[test]
fn a_hypervisor_that_was_killed_reads_as_stopped_and_every_command_works() {
    let Some(here) = Installation::new() else { return };
    for command in [&["start", "web-1"][..], &["stop", "web-1"], &["restart", "web-1"], &["rm", "web-1"]] {
        here.create("web-1");
        here.succeed(&["start", "web-1"]);
        kill(here.hypervisors()[0]);
        wait_until("its end", || here.hypervisors().is_empty());
        assert_eq!((here.state("web-1").as_str(), &here.inspect("web-1")["process"]), ("stopped", &Value::Null));
        here.succeed(command);
        if command[0] != "rm" {
            here.succeed(&["rm", "--force", "web-1"]);
        }
        here.assert_empty();
    }
}

#[test]
fn a_vm_that_runs_is_removed_only_by_force() {
    let Some(here) = Installation::new() else { return };
    here.create("web-1");
    here.succeed(&["start", "web-1"]);
    assert!(here.fail(&["rm", "web-1"]).contains("--force"));
    assert_eq!(here.state("web-1"), "running");
    here.succeed(&["rm", "--force", "web-1"]);
    here.assert_empty();
}

#[test]
fn a_name_that_is_taken_or_wrong_is_refused_and_nothing_is_left() {
    let Some(here) = Installation::new() else { return };
    here.create("web-1");
    let before = here.tree();
    let again = here.create_arguments("web-1");
    let complaint = here.fail(&again.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(complaint.contains("there is a VM `web-1` already"), "{complaint}");
    assert_eq!(here.tree(), before);
    for name in ["../web", "a/b", "", "Web", "-x", &"a".repeat(64)] {
        let refused = here.run(&["create", &format!("--name={name}"), here.disk().to_str().unwrap()]);
        assert_eq!(refused.status.code(), Some(2), "{name}: {}", text(&refused.stderr));
    }
    assert_eq!(here.tree(), before);
}

#[test]
fn commands_on_several_vms_do_what_they_can_and_tell_the_rest() {
    let Some(here) = Installation::new() else { return };
    here.create("web-1");
    here.create("web-2");
    let output = here.run(&["start", "web-1", "missing", "web-2"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "web-1: started\nweb-2: started\n");
    assert_eq!(text(&output.stderr), "cocoon: there is no VM `missing`: `cocoon ps` lists those that there are\n");
    here.succeed(&["rm", "--force", "web-1", "web-2"]);
    here.assert_empty();
}

#[test]
fn a_start_that_fails_says_the_hypervisors_last_words_and_leaves_the_vm_stopped() {
    let Some(here) = Installation::new() else { return };
    here.create("web-1");
    fs::write(here.root().join("vms/web-1/kernel"), "no kernel").unwrap();
    let complaint = here.fail(&["start", "web-1"]);
    assert!(complaint.contains("the hypervisor ended at once: qemu"), "{complaint}");
    assert_eq!(here.inspect("web-1")["ending"], "failed_to_start");
    assert_eq!(here.hypervisors().len(), 0);
}

#[test]
fn a_missing_hypervisor_is_told_with_what_to_do() {
    let Some(here) = Installation::new() else { return };
    here.create("web-1");
    let complaint = here.fail(&["--hypervisor", "/nonexistent/qemu", "start", "web-1"]);
    assert!(complaint.contains("hypervisor: there is no program /nonexistent/qemu"), "{complaint}");
    let nowhere = here.command(&["start", "web-1"]).env("PATH", "/nonexistent").output().unwrap();
    assert!(text(&nowhere.stderr).contains("apt install qemu-system-x86"), "{}", text(&nowhere.stderr));
    assert_eq!(here.state("web-1"), "stopped");
}

#[test]
fn an_image_that_could_read_this_boxes_files_is_refused() {
    let Some(here) = Installation::new() else { return };
    let evil = here.root().with_file_name("evil.qcow2");
    let make = ["create", "-q", "-f", "qcow2", "-F", "raw", "-b", "/etc/passwd"];
    assert!(std::process::Command::new("qemu-img").args(make).arg(&evil).arg("1M").status().unwrap().success());
    let complaint = here.fail(&["create", "--name", "web-1", evil.to_str().unwrap()]);
    assert!(complaint.contains("it has a backing file"), "{complaint}");
    assert!(here.fail(&["create", "--name", "web-1", "/dev/zero"]).contains("it is no file"));
    assert!(here.fail(&["create", "--name", "web-1", "/nonexistent"]).contains("there is no such file"));
    assert_eq!(here.tree(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn json_is_told_by_every_command_that_prints() {
    let Some(here) = Installation::new() else { return };
    let mut create = here.create_arguments("web-1");
    create.push("--json".to_owned());
    let json = |arguments: &[&str]| serde_json::from_str::<Value>(&here.succeed(arguments)).unwrap();
    let created = json(&create.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!((&created["name"], &created["state"]), (&"web-1".into(), &"stopped".into()));
    assert_eq!(json(&["--json", "start", "web-1"])[0]["outcome"], "started");
    assert_eq!(json(&["ps", "--json"])[0]["state"], "running");
    assert_eq!(json(&["rm", "--force", "--json", "web-1"])[0]["outcome"], "removed");
    let missing: Value = serde_json::from_str(&here.fail(&["--json", "inspect", "web-1"])).unwrap();
    assert_eq!(missing["error"]["kind"], "NotFound");
    assert!(json(&["--json", "version"])["version"].is_string());
    assert_eq!(json(&["--json", "gc"])["paths"], Value::Array(Vec::new()));
}

#[test]
fn a_dry_run_prints_the_command_line_and_makes_nothing() {
    let Some(here) = Installation::new() else { return };
    let mut arguments = here.create_arguments("web-1");
    "run".clone_into(&mut arguments[0]);
    arguments.extend(["--publish".to_owned(), "18080:80".to_owned()]);
    let line = here.succeed(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(line.contains("-machine q35,accel=tcg -cpu max -smp 1 -m 32M"), "{line}");
    assert!(line.contains("hostfwd=tcp:127.0.0.1:18080-:80"), "{line}");
    assert_eq!(here.tree(), Vec::<std::path::PathBuf>::new());
}
