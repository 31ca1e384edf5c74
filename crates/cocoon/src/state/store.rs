//! All VMs of one installation: found, read, locked and changed.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cloud_types::{Error, ErrorKind, Name, Result};
use cocoon_images::system::blocking;

use super::layout::VmPaths;
use super::{Alive, FileLock, Layout, Power, Record, Stage, durable};
use crate::{console_log, crash, error};

/// The state of one installation. Clones mean the same.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    layout: Layout,
    patience: Duration,
}

impl Store {
    /// The state below these directories; `patience` is how long a lock is waited for.
    pub(crate) fn new(layout: Layout, patience: Duration) -> Self {
        Self { layout, patience }
    }

    /// How long a lock is waited for.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// The same, for who does not wait for a lock.
    pub(crate) fn impatient(&self) -> Self {
        Self { patience: Duration::ZERO, ..self.clone() }
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Makes the directories that are missing, for this user alone: disks and consoles hold secrets.
    pub(crate) async fn prepare(&self) -> Result<()> {
        let layout = self.layout.clone();
        let prepared = blocking(move || {
            for directory in [layout.vms(), layout.staging(), layout.run.clone(), layout.log.clone()] {
                DirBuilder::new().recursive(true).mode(0o700).create(&directory).map_err(|error| (directory, error))?;
            }
            let lock = layout.staging_lock();
            match File::options().append(true).create(true).open(&lock) {
                Ok(_) => Ok(()),
                Err(error) => Err((lock, error)),
            }
        });
        prepared.await.map_err(|(path, error)| {
            let advice = "give `--root-dir` a directory of your own, or run as root";
            error::io(format_args!("making {} ({advice})", path.display()), error)
        })
    }

    /// A directory for a VM to be. Removes what dead commands have left, first.
    pub(crate) async fn stage(&self) -> Result<Stage> {
        self.sweep().await?;
        Stage::new(&self.layout, self.patience).await
    }

    /// Writes the record and the locks of a VM that is about to be published.
    pub(crate) async fn fill(stage: &Stage, record: &Record) -> Result<()> {
        let (directory, json, lock) = (stage.directory().to_owned(), to_json(record), stage.hold());
        let filled = blocking(move || {
            let _lock = lock;
            File::create(directory.join("lock"))?;
            File::create(directory.join("alive"))?;
            crash::point("store: locks made");
            fs::write(directory.join("vm.json"), json)
        });
        filled.await.map_err(|error| error::io("writing a VM's record", error))
    }

    pub(crate) async fn sweep(&self) -> Result<()> {
        let layout = self.layout.clone();
        blocking(move || Stage::sweep(&layout)).await.map_err(|error| error::io("sweeping staging", error))?;
        Ok(())
    }

    /// The names of all VMs, in their order.
    pub(crate) fn names(&self) -> Result<Vec<Name>> {
        let entries = match fs::read_dir(self.layout.vms()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error::io(format_args!("listing {}", self.layout.vms().display()), error)),
        };
        let names = entries.flatten().filter_map(|entry| Name::new(entry.file_name().into_string().ok()?).ok());
        let mut names: Vec<Name> = names.collect();
        names.sort();
        Ok(names)
    }

    /// A VM's record, as it is now.
    ///
    /// # Errors
    /// `NotFound` without such a VM; `Unexpected` where the record cannot be read.
    pub(crate) fn read(&self, name: &Name) -> Result<Record> {
        let path = self.layout.vm(name.as_str()).join("vm.json");
        let text = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => error::no_such_vm(name.as_str()),
            _ => error::io(format_args!("reading {}", path.display()), error),
        })?;
        serde_json::from_slice(&text)
            .map_err(|error| Error::new(ErrorKind::Unexpected, format!("{}: {error}", path.display())))
    }

    /// The right to change a VM, as soon as nobody else has it. `purpose` is told to those who wait.
    ///
    /// # Errors
    /// `NotFound` without such a VM, also where it was removed meanwhile; `Conflict` where others do not let go of it.
    pub(crate) async fn lock(&self, name: &Name, purpose: &str) -> Result<LockedVm> {
        let path = self.layout.vm(name.as_str()).join("lock");
        loop {
            let lock = match FileLock::exclusive(&path, self.patience, purpose).await {
                Err(error) if error.kind() == ErrorKind::NotFound => return Err(error::no_such_vm(name.as_str())),
                locked => locked.map_err(|error| error.with_context(name))?,
            };
            // Whoever had it may have removed the VM, and another may have taken the name.
            if lock.is_still(&path).map_err(|error| error::io("looking at a lock", error))? {
                let record = self.read(name)?;
                let paths = self.layout.paths(name.as_str(), &record.id);
                return Ok(LockedVm { store: self.clone(), record, paths, lock: Arc::new(lock) });
            }
        }
    }

    /// The paths of a VM.
    pub(crate) fn paths(&self, record: &Record) -> VmPaths {
        self.layout.paths(record.name.as_str(), &record.id)
    }
}

/// A VM that nobody else changes, until this is dropped. See [`Cocoon::lock`](crate::Cocoon::lock).
#[derive(Debug)]
pub struct LockedVm {
    store: Store,
    record: Record,
    paths: VmPaths,
    lock: Arc<FileLock>,
}

impl LockedVm {
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    /// Keeps the VM for this command while work on it goes on, though the caller may be dropped.
    pub(crate) fn hold(&self) -> Arc<FileLock> {
        self.lock.clone()
    }

    /// A file that keeps the VM for this command for as long as a process has it open, though this one be killed.
    pub(crate) fn guard(&self) -> Result<File> {
        self.lock.file().map_err(|error| error::io("protecting a VM", error))
    }

    pub(crate) fn paths(&self) -> &VmPaths {
        &self.paths
    }

    pub(crate) fn alive(&self) -> Alive {
        Alive::of(&self.paths.directory)
    }

    /// The process that the record names, which may have ended.
    pub(crate) fn last_process(&self) -> Option<u32> {
        match self.record.power {
            Power::Running { process, .. } | Power::Stopping { process, .. } => Some(process),
            Power::Stopped { .. } | Power::Starting { .. } => None,
        }
    }

    /// Writes down what was done about the power, durably.
    pub(crate) async fn set_power(&mut self, power: Power) -> Result<()> {
        self.change(|record| {
            if let (Power::Running { .. }, Some(host)) = (&power, &mut record.host) {
                host.ran = true;
            }
            record.power = power;
        })
        .await
    }

    /// Changes the record, durably.
    pub(crate) async fn change(&mut self, change: impl FnOnce(&mut Record)) -> Result<()> {
        let mut record = self.record.clone();
        change(&mut record);
        let (path, json, lock) = (self.paths.directory.join("vm.json"), to_json(&record), self.lock.clone());
        let written = blocking(move || {
            let _lock = lock;
            durable::write(&path, &json)
        });
        written.await.map_err(|error| error::io(format_args!("writing the record of {}", record.name), error))?;
        self.record = record;
        Ok(())
    }

    /// Removes the sockets of a run that has ended.
    pub(crate) async fn forget_run(&self) -> Result<()> {
        self.remove(self.paths.run()).await
    }

    /// Gives up the beginning of a console's log that is too large.
    pub(crate) async fn bound_log(&self) -> Result<()> {
        let path = self.paths.console_log();
        blocking(move || console_log::bound(&path)).await.map_err(|error| error::io("bounding a console's log", error))
    }

    /// Removes the VM and all that is its own. `dead` is the proof that nothing runs in it.
    pub(crate) async fn retire(self, dead: File) -> Result<()> {
        self.remove(self.paths.run()).await?;
        crash::point("retire: sockets removed");
        self.remove(self.paths.log()).await?;
        crash::point("retire: logs removed");
        let Self { store, paths, lock, .. } = self;
        let retired = Stage::retire(&store.layout, paths.directory, store.patience).await;
        drop((dead, lock));
        retired
    }

    async fn remove(&self, directory: &Path) -> Result<()> {
        let (path, lock) = (directory.to_owned(), self.lock.clone());
        let removed = blocking(move || {
            let _lock = lock;
            match fs::remove_dir_all(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            }
        });
        removed.await.map_err(|error| error::io(format_args!("removing {}", directory.display()), error))
    }
}

fn to_json(record: &Record) -> Vec<u8> {
    serde_json::to_vec_pretty(record).expect("a record has string keys and no failing parts")
}
