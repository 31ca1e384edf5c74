//! What is needed by somebody who has not written down so far that he needs it.
//!
//! A pull stores blobs before there is a record of the image; a VM is made before there is a record of the VM. Meanwhile a
//! lease names what they need. Its lock is released by a crash, and then it means nothing any more.
//!
//! Leases are written while `lock` is held beside others. Whoever holds it alone sees all of them, and nobody can come to
//! rely on a blob at that time: what he finds unused may be removed.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cloud_types::Result;

use crate::digest::Digest;
use crate::paths::Paths;
use crate::system::{FileLock, blocking, crash, io_error, own_name};

/// Protects blobs until it is dropped.
#[derive(Debug)]
pub struct Lease {
    path: PathBuf,
    file: File,
    _lock: FileLock,
    store_lock: PathBuf,
    patience: Duration,
    protected: Mutex<HashSet<Digest>>,
}

impl Lease {
    /// A lease of nothing so far.
    pub(crate) async fn new(paths: &Paths, patience: Duration) -> Result<Self> {
        let store_lock = paths.lock();
        let beside = FileLock::shared(&store_lock, patience).await?;
        let path = paths.leases().join(own_name());
        let made = blocking(move || {
            let _beside = beside;
            let file = File::options().append(true).create_new(true).mode(0o600).open(&path)?;
            // Nobody else looks at it while `beside` is held.
            let lock = FileLock::try_exclusive(&path)?.ok_or(io::ErrorKind::WouldBlock)?;
            crash::point("lease: made");
            Ok(Self { path, file, _lock: lock, store_lock, patience, protected: Mutex::default() })
        });
        made.await.map_err(|error: io::Error| io_error("making a lease", error))
    }

    /// Protects these blobs from now on. Whether they are there is to be looked at afterwards.
    pub(crate) async fn protect(&self, blobs: impl IntoIterator<Item = Digest>) -> Result<()> {
        let blobs: Vec<Digest> = blobs.into_iter().collect();
        let lines: String = blobs.iter().map(|blob| format!("{}\n", blob.hex())).collect();
        self.protected.lock().unwrap_or_else(PoisonError::into_inner).extend(blobs);
        let beside = FileLock::shared(&self.store_lock, self.patience).await?;
        let file = self.file.try_clone();
        let written = blocking(move || {
            let _beside = beside;
            file?.write_all(lines.as_bytes())
        });
        written.await.map_err(|error| io_error("writing a lease", error))
    }

    /// Gives up the lease; answers what it protected.
    pub(crate) fn end(self) -> HashSet<Digest> {
        std::mem::take(&mut self.protected.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is leased, and the leases of which nobody holds the lock any more.
    ///
    /// For whoever holds the store's lock alone.
    pub(crate) fn survey(paths: &Paths) -> io::Result<(HashSet<Digest>, Vec<PathBuf>)> {
        let (mut leased, mut dead) = (HashSet::new(), Vec::new());
        for entry in fs::read_dir(paths.leases())? {
            let path = entry?.path();
            match FileLock::try_exclusive(&path) {
                Ok(Some(_)) => dead.push(path),
                Ok(None) => {
                    let text = fs::read_to_string(&path)?;
                    leased.extend(text.lines().filter_map(|line| Digest::parse(line).ok()));
                }
                // Given back in this moment: what it protected has been written down by then.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok((leased, dead))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // One that stays is found dead.
        let _ = fs::remove_file(&self.path);
    }
}
