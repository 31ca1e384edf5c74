//! Directories on their way in or out: a VM is seen when it is complete, and gone before it is taken apart.
//!
//! Whoever has a directory here holds `staging.lock` beside others. Who gets that lock alone knows that all there is was
//! left by commands that died, and removes it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cloud_types::{Name, Result};
use cocoon_images::system::{blocking, own_name};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::{FileLock, Layout, durable};
use crate::{crash, error};

/// A directory in `staging`, protected while this lives.
#[derive(Debug)]
pub(crate) struct Stage {
    directory: PathBuf,
    lock: Arc<FileLock>,
}

impl Stage {
    /// An empty directory.
    pub(crate) async fn new(layout: &Layout, patience: Duration) -> Result<Self> {
        let stage = Self::free(layout, patience).await?;
        fs::create_dir(&stage.directory).map_err(|error| error::io("making a directory in staging", error))?;
        crash::point("staging: made");
        Ok(stage)
    }

    /// A path at which there is nothing so far.
    async fn free(layout: &Layout, patience: Duration) -> Result<Self> {
        let lock = Arc::new(FileLock::shared(&layout.staging_lock(), patience).await?);
        Ok(Self { directory: layout.staging().join(own_name()), lock })
    }

    /// The directory.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Keeps the directory protected while work on it goes on, though the caller may be dropped.
    pub(crate) fn hold(&self) -> Arc<FileLock> {
        self.lock.clone()
    }

    /// A file that keeps the directory protected for as long as a process has it open, though this one be killed.
    pub(crate) fn guard(&self) -> Result<File> {
        self.lock.file().map_err(|error| error::io("protecting a directory in staging", error))
    }

    /// Makes the directory and all in it the VM `name`, durably, or changes nothing.
    ///
    /// # Errors
    /// `AlreadyExists` where the name is taken.
    pub(crate) async fn publish(self, layout: &Layout, name: &Name) -> Result<()> {
        self.publish_at(layout.vm(name.as_str())).await.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => error::name_taken(name),
            _ => error::io(format_args!("publishing {name}"), error),
        })
    }

    /// Puts the directory and all in it at `target`, durably, or changes nothing, also where there is something already.
    pub(crate) async fn publish_at(self, target: PathBuf) -> io::Result<()> {
        let (from, lock) = (self.directory.clone(), self.lock.clone());
        let published = blocking(move || {
            let _lock = lock;
            sync_all(&from)?;
            crash::point("staging: synced");
            renameat_with(CWD, &from, CWD, &target, RenameFlags::NOREPLACE)?;
            crash::point("staging: published");
            durable::sync_parent(&target)
        });
        let published = published.await;
        if published.is_err() {
            self.discard().await;
        }
        published
    }

    /// Removes what was made. What cannot be removed is left to the next sweep.
    pub(crate) async fn discard(self) {
        let _ = blocking(move || {
            let stage = self;
            remove(&stage.directory)
        })
        .await;
    }

    /// Takes a directory out of sight in one step, and then removes it.
    pub(crate) async fn retire(layout: &Layout, directory: PathBuf, patience: Duration) -> Result<()> {
        let stage = Self::free(layout, patience).await?;
        let doing = format!("removing {}", directory.display());
        let retired = blocking(move || {
            let stage = stage;
            fs::rename(&directory, &stage.directory)?;
            crash::point("staging: retired");
            durable::sync_parent(&directory)?;
            remove(&stage.directory)
        });
        retired.await.map_err(|error| error::io(doing, error))
    }

    /// Removes what dead commands have left, unless somebody works there now; answers what it was.
    pub(crate) fn sweep(layout: &Layout) -> io::Result<Vec<PathBuf>> {
        let Some(_lock) = FileLock::try_exclusive(&layout.staging_lock())? else { return Ok(Vec::new()) };
        let found = leftovers(layout)?;
        for path in &found {
            remove(path)?;
        }
        Ok(found)
    }

    /// What [`sweep`](Self::sweep) would remove.
    pub(crate) fn stale(layout: &Layout) -> io::Result<Vec<PathBuf>> {
        match FileLock::try_exclusive(&layout.staging_lock())? {
            Some(_lock) => leftovers(layout),
            None => Ok(Vec::new()),
        }
    }
}

fn leftovers(layout: &Layout) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(layout.staging())?.map(|entry| Ok(entry?.path())).collect()
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes a directory's files and their names durable.
fn sync_all(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(directory)?.sync_all()
}
