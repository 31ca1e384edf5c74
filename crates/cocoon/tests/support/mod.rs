//! What the tests share: the command, for an installation of its own.
//!
//! Guests run under QEMU's emulation, so that the tests are the same on any box; without QEMU, its `qemu-img` and binutils
//! they say so and pass.
#![allow(dead_code, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod folder;
mod guest;
mod processes;

use std::fs;
use std::ops::Deref;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use folder::Folder;
pub(crate) use guest::guest;
use processes::processes;
pub(crate) use processes::{kill, wait_until};

/// An installation of its own, and the command for it.
pub(crate) struct Installation {
    folder: Folder,
    /// The network namespace in which the command runs, where it is not this process's.
    namespace: Option<String>,
}

impl Installation {
    /// `None`, with a word, where this box has not got what guests need.
    pub(crate) fn new() -> Option<Self> {
        Folder::new().map(|folder| Self { folder, namespace: None })
    }

    /// The same, whose commands run in this network namespace.
    pub(crate) fn in_namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// The command, not run so far.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_cocoon");
        let mut command = match &self.namespace {
            Some(namespace) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", namespace, program]);
                command
            }
            None => Command::new(program),
        };
        for variable in ["COCOON_RUN_DIR", "COCOON_LOG_DIR", "COCOON_HYPERVISOR", "COCOON_CONFIG", "COCOON_CRASH_AT"] {
            command.env_remove(variable);
        }
        // Whose box it is may have settings of his own.
        command.env("HOME", self.home());
        command.env("COCOON_ROOT_DIR", self.root()).env("COCOON_ACCELERATION", "none");
        command.args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs the command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that succeeds, and answers what it printed.
    #[track_caller]
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Runs a command that fails with exit code 1, and answers what it complains of.
    #[track_caller]
    pub(crate) fn fail(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stderr)
    }

    /// The arguments that create a VM with the test guest.
    pub(crate) fn create_arguments(&self, name: &str) -> Vec<String> {
        let (disk, kernel) = (self.disk(), guest().expect("looked for before"));
        let words = ["create", "--name", name, "--cpu", "1", "--memory", "32M", "--kernel"];
        let paths = [kernel.to_str().unwrap(), disk.to_str().unwrap()];
        words.iter().chain(&paths).map(|&word| word.to_owned()).collect()
    }

    #[track_caller]
    pub(crate) fn create(&self, name: &str) {
        let arguments = self.create_arguments(name);
        self.succeed(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// What `inspect` says of one VM.
    #[track_caller]
    pub(crate) fn inspect(&self, name: &str) -> Value {
        serde_json::from_str::<Value>(&self.succeed(&["inspect", name])).unwrap()[0].take()
    }

    #[track_caller]
    pub(crate) fn state(&self, name: &str) -> String {
        self.inspect(name)["state"].as_str().unwrap().to_owned()
    }

    /// The names that `ps` lists.
    #[track_caller]
    pub(crate) fn names(&self) -> Vec<String> {
        self.succeed(&["ps", "--quiet"]).lines().map(str::to_owned).collect()
    }

    /// Those of one VM.
    pub(crate) fn hypervisors_of(&self, name: &str) -> Vec<u32> {
        let alive = self.root().join("vms").join(name).join("alive");
        processes(|program, input| input == alive && program.contains("qemu-system"))
    }

    /// The other programs that commands have started below this root.
    pub(crate) fn helpers(&self) -> Vec<u32> {
        processes(|program, input| input.starts_with(self.root()) && !program.contains("qemu-system"))
    }

    /// These, and commands: a program is a copy of its command between its fork and its exec, also where that was killed.
    pub(crate) fn unfinished(&self) -> Vec<u32> {
        let variable = format!("COCOON_ROOT_DIR={}", self.root().display());
        let is_ours = |process: &u32| {
            let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
            text(&environment).split('\0').any(|there| there == variable)
        };
        let commands = processes(|program, _| program == env!("CARGO_BIN_EXE_cocoon")).into_iter().filter(is_ours);
        commands.chain(self.helpers()).collect()
    }

    /// Waits until the VM's console has said this.
    #[track_caller]
    pub(crate) fn wait_for_console(&self, name: &str, words: &str) {
        wait_until(words, || self.succeed(&["logs", name]).contains(words));
    }
}

impl Deref for Installation {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

/// Kills a command at its first step, then at its second, and so on until it takes none any more: each time after
/// `prepare`, and followed by `check`, which removes all. At least `at_least` steps have to be there.
#[track_caller]
pub(crate) fn kill_at_every_step(
    here: &Installation,
    arguments: &[&str],
    at_least: u64,
    prepare: impl Fn(),
    check: impl Fn(),
) {
    for step in 1.. {
        prepare();
        let output = here.command(arguments).env("COCOON_CRASH_AT", step.to_string()).output().unwrap();
        if output.status.success() {
            assert!(step > at_least, "only {} steps are named", step - 1);
            return;
        }
        assert_eq!(output.status.signal(), Some(9), "step {step}: {}", text(&output.stderr));
        eprintln!("{arguments:?}, step {step}: {}", text(&output.stderr).trim());
        check();
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
