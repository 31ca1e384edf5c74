//! A root directory of its own, and what is in it and runs below it, seen without any help of cocoon's.

use std::fs;
use std::path::{Path, PathBuf};

use super::guest::guest;
use super::processes::{kill, processes};

/// The directory of an installation, with a disk for the test guest. Removed with all that runs in it when it is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// `None`, with a word, where this box has not got what guests need.
    pub(crate) fn new() -> Option<Self> {
        guest()?;
        // Short, since sockets are in it.
        let root = std::env::temp_dir().join(format!("cocoon-{:08x}", fastrand::u32(..)));
        fs::create_dir(&root).unwrap();
        fs::write(root.join("disk.raw"), [0; 4096]).unwrap();
        Some(Self(root))
    }

    /// The directory of all that is its own.
    pub(crate) fn home(&self) -> &Path {
        &self.0
    }

    /// A directory for the state, with nothing else in it.
    pub(crate) fn root(&self) -> PathBuf {
        self.0.join("r")
    }

    pub(crate) fn disk(&self) -> PathBuf {
        self.0.join("disk.raw")
    }

    /// The hypervisors that run below this root, found without any help of cocoon's.
    pub(crate) fn hypervisors(&self) -> Vec<u32> {
        processes(|program, input| input.starts_with(self.root()) && program.contains("qemu-system"))
    }

    /// Every file and directory below the root, but for the socket and log directories that are empty.
    pub(crate) fn tree(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.root()];
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(directory).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path.clone());
                }
                found.push(path.strip_prefix(self.root()).unwrap().to_owned());
            }
        }
        found.sort();
        found
    }

    /// That no VM, process or file is left.
    #[track_caller]
    pub(crate) fn assert_empty(&self) {
        let nothing = ["log", "run", "staging", "staging.lock", "vms"].map(PathBuf::from);
        assert_eq!(self.tree(), nothing);
        assert_eq!(self.hypervisors(), Vec::<u32>::new());
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        for process in self.hypervisors() {
            kill(process);
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}
