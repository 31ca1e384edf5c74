//! Small records of one kind, a file each, in a directory below the root: what owners keep here besides VMs. A record may have
//! a disk.
//!
//! Whoever changes one holds the directory's lock, so that what is looked at before a change is true while it is made. Who
//! only reads takes no lock, since each file is replaced in one step.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cloud_types::{Error, ErrorKind, GiB, Result};
use cocoon_images::system::blocking;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::state::{FileLock, VmId, durable};
use crate::{Cocoon, disk, error};

/// Records of one kind, a file each, in a directory of an installation, such as those of volumes. See [`Cocoon::shelf`].
///
/// A record is read and replaced as a whole. Its form is the caller's, any type that serde knows; its name is the caller's too.
#[derive(Debug, Clone)]
pub struct Shelf {
    directory: PathBuf,
    patience: Duration,
}

/// The right to change a shelf's records, until all clones are dropped.
#[derive(Debug, Clone)]
pub struct HeldShelf(Arc<FileLock>);

impl HeldShelf {
    /// A file that keeps the right for as long as a process has it open, though this one be killed.
    fn guard(&self) -> Result<File> {
        self.0.file().map_err(|error| error::io("protecting a record", error))
    }
}

impl Cocoon {
    /// The records that are in the directory of this name below the root. Nothing is made before it is needed.
    #[must_use]
    pub fn shelf(&self, name: &'static str) -> Shelf {
        Shelf { directory: self.root_dir().join(name), patience: self.store.patience() }
    }
}

impl Shelf {
    /// The disk that belongs to the record of this id, where it has one: a qcow2.
    #[must_use]
    pub fn disk(&self, id: &VmId) -> PathBuf {
        self.file(id, DISK)
    }

    /// A file that belongs to the record of this id.
    fn file(&self, id: &VmId, extension: &str) -> PathBuf {
        self.directory.join(id.as_str()).with_extension(extension)
    }

    /// The right to change records, as soon as nobody else has it.
    ///
    /// # Errors
    /// `Conflict` where others do not let go of it.
    pub async fn hold(&self, purpose: &str) -> Result<HeldShelf> {
        let lock = self.directory.join("lock");
        let (directory, path) = (self.directory.clone(), lock.clone());
        let made = blocking(move || {
            DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
            File::options().append(true).create(true).open(path).map(drop)
        });
        made.await.map_err(|error| error::io(format_args!("making {}", self.directory.display()), error))?;
        FileLock::exclusive(&lock, self.patience, purpose).await.map(|lock| HeldShelf(Arc::new(lock)))
    }

    /// All records, in no order.
    ///
    /// # Errors
    /// `Unexpected` where one cannot be read, so that none is silently missing.
    pub async fn all<T: DeserializeOwned + Send + 'static>(&self) -> Result<Vec<T>> {
        let this = self.clone();
        blocking(move || {
            let failed = |error| error::io(format_args!("listing {}", this.directory.display()), error);
            let entries = match fs::read_dir(&this.directory) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                entries => entries.map_err(failed)?,
            };
            let mut records = Vec::new();
            for entry in entries {
                let path = entry.map_err(failed)?.path();
                if path.extension().is_some_and(|extension| extension == RECORD) {
                    records.extend(read(&path)?);
                }
            }
            Ok(records)
        })
        .await
    }

    /// The record of this id, if there is one.
    ///
    /// # Errors
    /// `Unexpected` where it cannot be read.
    pub async fn read<T: DeserializeOwned + Send + 'static>(&self, id: &VmId) -> Result<Option<T>> {
        let path = self.file(id, RECORD);
        blocking(move || read(&path)).await
    }

    /// Writes a record, durably, in place of an earlier one of this id.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn write(&self, held: &HeldShelf, id: &VmId, record: &impl Serialize) -> Result<()> {
        let json = serde_json::to_vec_pretty(record).expect("records have text keys and no failing fields");
        let (path, held) = (self.file(id, RECORD), held.clone());
        let doing = format!("writing {}", path.display());
        let written = blocking(move || {
            let _held = held;
            durable::write(&path, &json)
        });
        written.await.map_err(|error| error::io(doing, error))
    }

    /// Makes an empty disk for the record of this id, which is to be written next. A disk without a record, which a killed
    /// command has left, is removed first.
    ///
    /// # Errors
    /// `Unsupported` where a program is missing; `QuotaExceeded` where the file system is full.
    pub async fn make_disk(&self, held: &HeldShelf, id: &VmId, size: GiB) -> Result<()> {
        self.sweep(held).await?;
        disk::empty(&self.disk(id), u64::from(size.0) << 30, held.guard()?).await
    }

    /// Makes the disk of this id larger. The caller has made sure that no VM that has it runs.
    ///
    /// # Errors
    /// As [`make_disk`](Self::make_disk).
    pub async fn grow_disk(&self, held: &HeldShelf, id: &VmId, size: GiB) -> Result<()> {
        disk::grow(&self.disk(id), u64::from(size.0) << 30, held.guard()?).await
    }

    /// Removes a record, and then its disk; one that is not there is success.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn remove(&self, held: &HeldShelf, id: &VmId) -> Result<()> {
        let (paths, held) = ([self.file(id, RECORD), self.disk(id)], held.clone());
        blocking(move || {
            let _held = held;
            for path in paths {
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(error::io(format_args!("removing {}", path.display()), error));
                    }
                    _ => durable::sync_parent(&path).map_err(|error| error::io("removing a record", error))?,
                }
            }
            Ok(())
        })
        .await
    }

    /// Removes files that belong to no record: what a killed command has left.
    async fn sweep(&self, held: &HeldShelf) -> Result<()> {
        let (directory, held) = (self.directory.clone(), held.clone());
        let swept = blocking(move || {
            let _held = held;
            for entry in fs::read_dir(&directory)? {
                let path = entry?.path();
                let is_record = path.extension().is_none_or(|extension| extension == RECORD);
                if !is_record && !path.with_extension(RECORD).exists() {
                    fs::remove_file(&path)?;
                }
            }
            Ok::<_, io::Error>(())
        });
        swept.await.map_err(|error| error::io(format_args!("sweeping {}", self.directory.display()), error))
    }
}

const RECORD: &str = "json";
const DISK: &str = "qcow2";

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(|error| error::io(format_args!("reading {}", path.display()), error))?,
    };
    let record = serde_json::from_slice(&text);
    record.map(Some).map_err(|error| Error::new(ErrorKind::Unexpected, format!("{}: {error}", path.display())))
}
