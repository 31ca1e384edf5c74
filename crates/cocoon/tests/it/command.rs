//! The command itself: completion, the file of settings, logs, and what a newcomer does wrong.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use crate::support::{Installation, text, wait_until};

#[test]
fn completion_is_made_for_each_shell() {
    let Some(here) = Installation::new() else { return };
    for shell in ["bash", "zsh", "fish"] {
        let script = here.succeed(&["completion", shell]);
        assert!(script.contains("snapshot") && script.contains("root-dir"), "{shell}");
    }
}

#[test]
fn an_option_goes_before_the_environment_and_that_before_the_file() {
    let Some(here) = Installation::new() else { return };
    let file = here.disk().with_file_name("config.toml");
    let root = |name: &str| here.disk().with_file_name(name).to_str().unwrap().to_owned();
    fs::write(&file, format!("root_dir = {:?}\nacceleration = \"none\"\n", root("of-file"))).unwrap();
    let file = file.to_str().unwrap();
    let disk = here.disk();
    let create = ["create", "--name", "web-1", disk.to_str().unwrap()];
    let run = |options: &[&str], environment: Option<&str>| {
        let mut command = here.command(&[options, &create].concat());
        command.env_remove("COCOON_ROOT_DIR").env_remove("COCOON_ACCELERATION");
        command.envs(environment.map(|root| ("COCOON_ROOT_DIR", root)));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    };
    run(&["--config", file], None);
    assert!(fs::exists(root("of-file/vms/web-1")).unwrap());
    run(&["--config", file], Some(&root("of-environment")));
    assert!(fs::exists(root("of-environment/vms/web-1")).unwrap());
    run(&["--config", file, "--root-dir", &root("of-option")], Some(&root("of-environment")));
    assert!(fs::exists(root("of-option/vms/web-1")).unwrap());
}

#[test]
fn a_users_own_file_is_found() {
    let Some(here) = Installation::new() else { return };
    let home = here.disk().with_file_name("home");
    fs::create_dir_all(home.join(".config/cocoon")).unwrap();
    fs::write(home.join(".config/cocoon/config.toml"), "hypervisor = \"/nonexistent/qemu\"\n").unwrap();
    here.create("web-1");
    let output = here.command(&["start", "web-1"]).env("HOME", &home).output().unwrap();
    assert!(text(&output.stderr).contains("/nonexistent/qemu"), "{}", text(&output.stderr));
}

#[test]
fn a_file_that_says_what_it_may_not_is_refused_with_the_line() {
    let Some(here) = Installation::new() else { return };
    let file = here.disk().with_file_name("config.toml");
    for (content, complaint) in [
        ("\n\nroot = \"/x\"\n", "line 3: unknown field `root`"),
        ("root_dir = 7\n", "line 1: invalid type"),
        ("root_dir = \"x\"\n", "root_dir: must be an absolute path"),
        ("acceleration = \"maybe\"\n", "acceleration: must be auto, kvm or none"),
        ("root_dir\n", "line 1"),
    ] {
        fs::write(&file, content).unwrap();
        let output = here.run(&["--config", file.to_str().unwrap(), "ps"]);
        assert_eq!(output.status.code(), Some(2), "{content}");
        assert!(text(&output.stderr).contains(complaint), "{}", text(&output.stderr));
    }
    let missing = here.run(&["--config", "/nonexistent.toml", "ps"]);
    assert!(text(&missing.stderr).contains("/nonexistent.toml: there is no such file"), "{}", text(&missing.stderr));
}

/// Has the guest echo this.
fn say(here: &Installation, words: &str) {
    let mut console = UnixStream::connect(here.inspect("web-1")["console_socket"].as_str().unwrap()).unwrap();
    console.write_all(words.as_bytes()).unwrap();
    let mut heard = vec![0; words.len()];
    console.read_exact(&mut heard).unwrap();
}

#[test]
fn logs_are_shown_from_their_last_lines_on() {
    let Some(here) = Installation::new() else { return };
    assert!(here.fail(&["logs", "web-1"]).contains("there is no VM `web-1`"));
    here.create("web-1");
    assert_eq!(here.succeed(&["logs", "web-1"]), "", "it never ran");
    here.succeed(&["start", "web-1"]);
    here.wait_for_console("web-1", "test guest");
    say(&here, "one\ntwo\nthree\n");
    wait_until("the log", || here.succeed(&["logs", "web-1"]).ends_with("three\n"));
    assert_eq!(here.succeed(&["logs", "--tail", "2", "web-1"]), "two\nthree\n");
    assert_eq!(here.succeed(&["logs", "-n", "0", "web-1"]), "");
}

#[test]
fn logs_are_followed_through_a_restart_to_the_stop() {
    let Some(here) = Installation::new() else { return };
    here.create("web-1");
    here.succeed(&["start", "web-1"]);
    here.wait_for_console("web-1", "test guest");
    let mut follow = here.command(&["logs", "--follow", "web-1"]).stdout(Stdio::piped()).spawn().unwrap();
    here.succeed(&["restart", "web-1"]);
    wait_until("the second banner", || here.succeed(&["logs", "web-1"]).matches("test guest").count() == 2);
    assert!(follow.try_wait().unwrap().is_none(), "a restart is no stop");
    say(&here, "bye");
    here.succeed(&["stop", "web-1"]);
    let mut shown = String::new();
    follow.stdout.take().unwrap().read_to_string(&mut shown).unwrap();
    assert!(follow.wait().unwrap().success());
    assert_eq!(shown.matches("test guest").count(), 2, "{shown}");
    assert!(shown.ends_with("bye!"), "{shown}");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let Some(here) = Installation::new() else { return };
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let publish = format!("{port}:80");
    let mut arguments = here.create_arguments("web-1");
    arguments.extend(["--publish", &publish].map(str::to_owned));
    here.succeed(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let complaint = here.fail(&["start", "web-1"]);
    assert!(complaint.contains(&format!("127.0.0.1:{port} of this box is taken")), "{complaint}");
    assert_eq!(here.state("web-1"), "stopped");
    drop(taken);
    here.succeed(&["start", "web-1"]);
}

#[test]
fn a_full_disk_is_told_as_one_and_what_is_there_goes_on() {
    let Some(here) = Installation::new() else { return };
    let small = here.disk().with_file_name("small");
    fs::create_dir(&small).unwrap();
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=500k", "tmpfs"]).arg(&small).output();
    if !mount.is_ok_and(|mount| mount.status.success()) {
        eprintln!("skipped: only root can mount a small file system");
        return;
    }
    let root = small.join("r");
    let run = |arguments: &[&str]| here.command(arguments).env("COCOON_ROOT_DIR", &root).output().unwrap();
    let disk = here.disk();
    let created = (0..8).map(|number| {
        let name = format!("web-{number}");
        run(&["--json", "create", "--name", &name, disk.to_str().unwrap()])
    });
    let created: Vec<_> = created.collect();
    let full = created.iter().find(|output| !output.status.success()).expect("it is too small for all");
    let complaint = text(&full.stderr);
    assert!(complaint.contains("QuotaExceeded") && complaint.contains("No space left on device"), "{complaint}");
    assert_eq!(fs::read_dir(root.join("staging")).unwrap().count(), 0, "nothing is left");
    assert!(run(&["rm", "web-0"]).status.success());
    assert!(Command::new("umount").arg(&small).status().unwrap().success());
}

#[test]
fn a_box_that_may_not_be_written_is_still_read() {
    let Some(here) = Installation::new() else { return };
    for arguments in [&["ps"][..], &["list"], &["gc", "--dry-run"]] {
        let output = here.command(arguments).env("COCOON_ROOT_DIR", "/proc/nowhere").output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    }
    let disk = here.disk();
    let create = ["create", disk.to_str().unwrap()];
    let output = here.command(&create).env("COCOON_ROOT_DIR", "/proc/nowhere").output().unwrap();
    assert!(text(&output.stderr).contains("give `--root-dir` a directory of your own"), "{}", text(&output.stderr));
}

#[test]
fn a_root_with_blanks_and_commas_works_and_one_that_is_too_long_says_so() {
    let Some(here) = Installation::new() else { return };
    let odd = here.disk().with_file_name("a b,c=d'e");
    let run = |root: &std::path::Path, arguments: &[&str]| {
        let output = here.command(arguments).env("COCOON_ROOT_DIR", root).output().unwrap();
        (output.status.success(), text(&output.stderr))
    };
    let disk = here.disk();
    let create = ["create", "--name", "web-1", "--memory", "32M", disk.to_str().unwrap()];
    for arguments in [&create[..], &["start", "web-1"], &["logs", "web-1"], &["rm", "--force", "web-1"]] {
        assert_eq!(run(&odd, arguments), (true, String::new()), "{arguments:?}");
    }
    let long = here.disk().with_file_name("x".repeat(90));
    let (succeeded, complaint) = run(&long, &create);
    assert!(!succeeded && complaint.contains("give a shorter one by `--run-dir`"), "{complaint}");
}
