//! A root directory of the trial's own, and the command that works in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use crate::Result;

/// It goes with this value, and so does all that runs in it.
#[derive(Debug)]
pub(crate) struct Installation {
    folder: PathBuf,
    program: PathBuf,
}

impl Installation {
    pub(crate) fn new(program: &Path) -> Result<Self> {
        // Short, since sockets are in it.
        let folder = std::env::temp_dir().join(format!("cocoon-boot-{}", std::process::id()));
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let here = Self { program: folder.join("cocoon"), folder };
        // A copy: meanwhile it may be built anew.
        fs::copy(program, &here.program).map_err(|error| format!("{}: {error}", program.display()))?;
        Ok(here)
    }

    fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    /// A file that is no part of the root directory.
    pub(crate) fn file(&self, name: &str, text: &str) -> Result<String> {
        let path = self.folder.join(name);
        fs::write(&path, text)?;
        Ok(path.to_str().ok_or("the folder's name is no UTF-8")?.to_owned())
    }

    /// The command, not run so far.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        for variable in ["COCOON_RUN_DIR", "COCOON_LOG_DIR", "COCOON_HYPERVISOR", "COCOON_ACCELERATION"] {
            command.env_remove(variable);
        }
        command.env("COCOON_ROOT_DIR", self.root()).args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a command that has to succeed, and answers what it printed.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = tokio::time::timeout(LIMIT, self.command(arguments).output()).await;
        let output = output.map_err(|_| format!("cocoon {} did not end in {LIMIT:?}", arguments.join(" ")))??;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(format!("cocoon {}: {words}", arguments.join(" ")).into());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// What `inspect` says of a VM.
    pub(crate) async fn inspect(&self, name: &str) -> Result<Value> {
        let mut vms: Value = serde_json::from_str(&self.run(&["inspect", name]).await?)?;
        Ok(vms[0].take())
    }

    /// Waits until a VM's console has said this, and answers all that it said.
    pub(crate) async fn wait_for_console(&self, name: &str, words: &str, limit: Duration) -> Result<String> {
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            let said = self.run(&["logs", name]).await?;
            if said.contains(words) {
                return Ok(said);
            }
            if tokio::time::Instant::now() >= deadline {
                let last: Vec<&str> = said.lines().rev().take(20).collect();
                let last: Vec<&str> = last.into_iter().rev().collect();
                return Err(format!("no {words:?} on {name}'s console in {limit:?}\n{}", last.join("\n")).into());
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// That nothing is left below the root but directories and locks; otherwise what is.
    pub(crate) fn is_empty(&self) -> std::result::Result<String, String> {
        let (mut left, mut open, mut locks) = (Vec::new(), vec![self.root()], 0);
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(&directory).map_err(|error| error.to_string())?.flatten() {
                match entry.metadata() {
                    Ok(metadata) if metadata.is_dir() => open.push(entry.path()),
                    _ if entry.file_name().to_string_lossy().ends_with("lock") => locks += 1,
                    _ => left.push(entry.path().display().to_string()),
                }
            }
        }
        if left.is_empty() { Ok(format!("directories and {locks} locks")) } else { Err(left.join("\n")) }
    }

    /// The hypervisors that run below this root, found without any help of cocoon's.
    pub(crate) fn hypervisors(&self) -> Vec<u32> {
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let processes = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let ours = |process: &u32| {
            let path = |link: &str| fs::read_link(format!("/proc/{process}/{link}")).unwrap_or_default();
            path("fd/0").starts_with(self.root()) && path("exe").to_string_lossy().contains("qemu-system")
        };
        processes.filter(ours).collect()
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        for process in self.hypervisors() {
            // It fails where that has ended meanwhile.
            let _ = std::process::Command::new("kill").args(["-9", &process.to_string()]).status();
        }
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("boot: {} stays: {error}", self.folder.display());
        }
    }
}

/// For any command but those that follow: a stop has its own grace.
const LIMIT: Duration = Duration::from_secs(400);
