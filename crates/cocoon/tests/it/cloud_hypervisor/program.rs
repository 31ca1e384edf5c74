//! A program that serves the API, in a directory of its own; both are gone when the test is.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use cocoon::cloud_hypervisor::Client;

/// The stand-in's file.
pub(crate) const STAND_IN: &str = env!("CARGO_BIN_EXE_cloud-hypervisor-stand-in");

/// The programs to be tried: the stand-in, and the real one where it is.
pub(crate) fn all() -> Vec<PathBuf> {
    let named = env::var_os("COCOON_TEST_CLOUD_HYPERVISOR").map(PathBuf::from);
    let paths = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&paths).map(|folder| folder.join("cloud-hypervisor")).find(|path| path.is_file());
    let real = named.or(found);
    if real.is_none() {
        println!("skipped on the real program: there is no cloud-hypervisor in PATH");
    }
    std::iter::once(PathBuf::from(STAND_IN)).chain(real).collect()
}

/// A directory for sockets, whose paths have to be short.
#[derive(Debug)]
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = env::temp_dir().join(format!("cocoon-ch-{:016x}", fastrand::u64(..)));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// A program that runs without a VM.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) folder: Folder,
    child: Child,
}

impl Running {
    /// Starts it and waits for its socket.
    pub(crate) fn start(program: &Path, further: &[&str]) -> Self {
        let folder = Folder::new();
        let socket = format!("path={}", folder.0.join("api.sock").display());
        let events = format!("path={}", folder.0.join("events.json").display());
        let mut command = Command::new(program);
        command.args(["--api-socket", &socket, "--event-monitor", &events]).args(further).stdin(Stdio::null());
        command.stderr(File::create(folder.0.join("log")).unwrap());
        let mut running = Self { child: command.spawn().unwrap(), folder };
        let patience = Instant::now() + Duration::from_secs(10);
        while std::os::unix::net::UnixStream::connect(running.socket()).is_err() {
            let log = || fs::read_to_string(running.folder.0.join("log")).unwrap_or_default();
            assert!(Instant::now() < patience, "no socket within ten seconds: {}", log());
            assert!(running.child.try_wait().unwrap().is_none(), "it has ended: {}", log());
            sleep(Duration::from_millis(2));
        }
        running
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.0.join("api.sock")
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.socket())
    }

    /// The events so far, as `vm booted`.
    pub(crate) fn events(&self) -> Vec<String> {
        events(&fs::read_to_string(self.folder.0.join("events.json")).unwrap())
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let patience = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < patience, "it has not ended within ten seconds");
            sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The events of a file's text, as `vm booted`.
pub(crate) fn events(text: &str) -> Vec<String> {
    let events = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
    let word = |event: &serde_json::Value, key: &str| event[key].as_str().unwrap().to_owned();
    events.map(Result::unwrap).map(|event| format!("{} {}", word(&event, "source"), word(&event, "event"))).collect()
}
