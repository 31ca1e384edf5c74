//! Locks on files that the kernel releases with the process that holds them.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, Write};
use std::path::Path;
use std::time::Duration;

use cloud_types::{Error, ErrorKind, Result};
use tokio::time::{Instant, sleep};

use super::io_error;

/// A lock on a file, held until it is dropped. `flock(2)`: it belongs to the open file, so two in one process exclude each
/// other as two processes do.
#[derive(Debug)]
pub struct FileLock(File);

impl FileLock {
    /// Takes the lock alone, or answers `None` where somebody has it.
    ///
    /// # Errors
    /// What the file system says; `NotFound` without the file.
    pub fn try_exclusive(path: &Path) -> io::Result<Option<Self>> {
        let file = open(path)?;
        Ok(locked(file.try_lock())?.then_some(Self(file)))
    }

    /// Takes the lock beside others who share it, or answers `None` where somebody has it alone.
    ///
    /// # Errors
    /// As [`try_exclusive`](Self::try_exclusive).
    pub fn try_shared(path: &Path) -> io::Result<Option<Self>> {
        let file = open(path)?;
        Ok(locked(file.try_lock_shared())?.then_some(Self(file)))
    }

    /// Takes the lock alone, as soon as nobody else has it, and notes `purpose` for those who wait.
    ///
    /// # Errors
    /// `NotFound` without the file; `Conflict` where the lock is not free within `patience`, with what its holder noted.
    pub async fn exclusive(path: &Path, patience: Duration, purpose: &str) -> Result<Self> {
        let mut lock = acquire(path, patience, Self::try_exclusive).await?;
        // The note is for messages alone.
        let _ = lock.note(purpose);
        Ok(lock)
    }

    /// Takes the lock beside others who share it.
    ///
    /// # Errors
    /// As [`exclusive`](Self::exclusive).
    pub async fn shared(path: &Path, patience: Duration) -> Result<Self> {
        acquire(path, patience, Self::try_shared).await
    }

    /// The same open file: the lock is held until that is closed too, or this lock dropped.
    ///
    /// # Errors
    /// What the system says.
    pub fn file(&self) -> io::Result<File> {
        self.0.try_clone()
    }

    /// Whether `path` still is the file that is locked, and not another that took its name.
    ///
    /// # Errors
    /// What the file system says.
    pub fn is_still(&self, path: &Path) -> io::Result<bool> {
        match std::fs::metadata(path) {
            Ok(there) => Ok(same_file(&there, &self.0.metadata()?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn note(&mut self, purpose: &str) -> io::Result<()> {
        self.0.set_len(0)?;
        self.0.rewind()?;
        write!(self.0, "`{purpose}` of process {}", std::process::id())
    }
}

impl Drop for FileLock {
    /// Unlocks, since closing would not be enough where a child that is just being started still has the file.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// Whether both are the same file, whatever their names.
pub fn same_file(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Whether a lock was got; that somebody has it is no failure.
///
/// # Errors
/// Any other failure of the attempt.
pub fn locked(tried: Result<(), TryLockError>) -> io::Result<bool> {
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

/// Tries until the lock is got. A thread that sleeps in `flock` could not be called back at the deadline.
async fn acquire(
    path: &Path,
    patience: Duration,
    attempt: fn(&Path) -> io::Result<Option<FileLock>>,
) -> Result<FileLock> {
    let deadline = Instant::now() + patience;
    loop {
        match attempt(path).map_err(|error| io_error(format_args!("locking {}", path.display()), error))? {
            Some(lock) => return Ok(lock),
            None if Instant::now() < deadline => sleep(pause()).await,
            None => {
                let holder = std::fs::read_to_string(path).unwrap_or_default();
                let message = format!("busy for {} s with {holder}: wait for it and repeat", patience.as_secs());
                return Err(Error::new(ErrorKind::Conflict, message));
            }
        }
    }
}

/// Between two attempts; of chance, so that waiters do not stay in step.
fn pause() -> Duration {
    Duration::from_micros(fastrand::u64(1_000..10_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch() -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("cocoon-lock-{:016x}", fastrand::u64(..)));
        File::create(&path).unwrap();
        path
    }

    #[tokio::test]
    async fn who_waits_in_vain_is_told_by_whom_it_is_held() {
        let path = scratch();
        let held = FileLock::exclusive(&path, Duration::ZERO, "start").await.unwrap();
        let error = FileLock::exclusive(&path, Duration::from_millis(20), "stop").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert!(error.message().contains("`start` of process"), "{error}");
        drop(held);
        FileLock::exclusive(&path, Duration::ZERO, "stop").await.unwrap();
        std::fs::remove_file(path).unwrap();
    }

    #[tokio::test]
    async fn shared_locks_stand_beside_each_other_but_not_beside_an_exclusive_one() {
        let path = scratch();
        let one = FileLock::try_shared(&path).unwrap().unwrap();
        let other = FileLock::try_shared(&path).unwrap().unwrap();
        assert!(FileLock::try_exclusive(&path).unwrap().is_none());
        drop((one, other));
        assert!(FileLock::try_exclusive(&path).unwrap().is_some());
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_lock_ends_with_its_drop_though_a_duplicate_is_open() {
        let path = scratch();
        let lock = FileLock::try_exclusive(&path).unwrap().unwrap();
        let duplicate = lock.file().unwrap();
        drop(lock);
        assert!(FileLock::try_exclusive(&path).unwrap().is_some());
        drop(duplicate);
        std::fs::remove_file(path).unwrap();
    }
}
