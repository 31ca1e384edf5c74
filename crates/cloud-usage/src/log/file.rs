//! A log in one file of this machine, by `redb`: an entry is whole or absent, whatever byte the power goes at.
//!
//! A commit writes beside what is there, syncs, and then turns a checked header over to it. What was not acknowledged is
//! cut off when the file is opened again. Only the making of a file does not survive a crash in `redb` itself; so it is made
//! under another name, and gets its own once it is whole.

#[cfg(test)]
mod crash;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{fmt, fs, io};

use async_trait::async_trait;
use cloud_types::{Error, ErrorKind, Result};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::{Appended, Entry, EventLog};
use crate::Event;
use crate::ledger::taken;

/// Events in a file. One process at a time has it open. Reads and writes run beside the runtime's own threads.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cloud_types::Result<()> {
/// # let folder = std::env::temp_dir().join(format!("usage-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).expect("a folder for the example");
/// use cloud_usage::{EventLog, FileLog};
///
/// let log = FileLog::open(folder.join("usage.redb")).await?;
/// assert!(log.read(0, 10).await?.is_empty());
/// # Ok(()) }
/// ```
pub struct FileLog {
    shared: Arc<Shared>,
}

struct Shared {
    open: Box<dyn Fn() -> Result<Database> + Send + Sync>,
    /// Absent after a failed write, until the file is opened again.
    database: Mutex<Option<Database>>,
}

impl FileLog {
    /// Opens the log in a file, or makes it; its folder must be there, on a file system that knows hard links.
    ///
    /// # Errors
    /// `Conflict` (another process, or another value of this one, has it open), `Unexpected` (the file holds something
    /// else, or was damaged), `Unavailable` (it cannot be read or written).
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let log = Self::on({
            let path = path.clone();
            move || Database::open(&path).map_err(failed)
        });
        let made = blocking(move || if path.try_exists().map_err(failed)? { Ok(()) } else { make(&path) });
        made.await.map_err(|error| error.with_operation("open"))?;
        log.run("open", |_| Ok(())).await?;
        Ok(log)
    }

    fn on(open: impl Fn() -> Result<Database> + Send + Sync + 'static) -> Self {
        Self { shared: Arc::new(Shared { open: Box::new(open), database: Mutex::new(None) }) }
    }

    /// Works on the file beside the runtime. A dropped call goes on to its end; to repeat it does no harm.
    async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Database) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let shared = Arc::clone(&self.shared);
        blocking(move || shared.work(work)).await.map_err(|error| error.with_operation(operation))
    }
}

#[async_trait]
impl EventLog for FileLog {
    async fn append(&self, events: &[Event]) -> Result<Vec<Appended>> {
        let events: Vec<_> = events.iter().map(encode).collect::<Result<_>>()?;
        self.run("append", move |database| append(database, &events)).await
    }

    async fn read(&self, after: u64, most: usize) -> Result<Vec<Entry>> {
        self.run("read", move |database| read(database, after, most)).await
    }
}

impl fmt::Debug for FileLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileLog").finish_non_exhaustive()
    }
}

impl Shared {
    /// Works on the open file. After a failure of the disk the file is opened again: until then `redb` refuses everything.
    fn work<T>(&self, work: impl FnOnce(&Database) -> Result<T>) -> Result<T> {
        let mut slot = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let database = match slot.take() {
            Some(database) => database,
            None => (self.open)()?,
        };
        let outcome = work(&database);
        if !outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::Unavailable) {
            *slot = Some(database);
        }
        outcome
    }
}

/// An event as it is kept: its id, and all of it as JSON, which other programs and later versions can read.
type Encoded = (String, Vec<u8>);

fn encode(event: &Event) -> Result<Encoded> {
    let json = serde_json::to_vec(event);
    let json = json.map_err(|error| Error::invalid("event", "cannot be written").with_source(error))?;
    Ok((event.id.as_str().to_owned(), json))
}

fn decode(json: &[u8]) -> Result<Event> {
    serde_json::from_slice(json)
        .map_err(|error| Error::new(ErrorKind::Unexpected, "an entry of the log cannot be read").with_source(error))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(Error::new(ErrorKind::Unexpected, "the log's own thread broke off").with_source(error))
    })
}

/// Makes an empty log that is whole when its name appears. Who loses a race to make it finds the other's.
fn make(path: &Path) -> Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{:016x}.draft", fastrand::u64(..)));
    let draft = PathBuf::from(draft);
    let made = Database::create(&draft).map_err(failed).and_then(|database| {
        make_tables(&database)?;
        database.close().map_err(failed)
    });
    let named = made.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked.map_err(failed),
    });
    let removed = fs::remove_file(&draft).map_err(failed);
    named.and(removed).and_then(|()| sync_folder(path))
}

/// A name survives a crash once its folder is synced; elsewhere than on Unix the file system sees to that.
fn sync_folder(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) { fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed) } else { Ok(()) }
}

fn make_tables(database: &Database) -> Result<()> {
    let transaction = database.begin_write().map_err(failed)?;
    transaction.open_table(EVENTS).map_err(failed)?;
    transaction.open_table(POSITIONS).map_err(failed)?;
    transaction.commit().map_err(failed)
}

fn append(database: &Database, events: &[Encoded]) -> Result<Vec<Appended>> {
    let transaction = database.begin_write().map_err(failed)?;
    let mut appended = Vec::with_capacity(events.len());
    {
        let mut entries = transaction.open_table(EVENTS).map_err(failed)?;
        let mut positions = transaction.open_table(POSITIONS).map_err(failed)?;
        let mut last = entries.last().map_err(failed)?.map_or(0, |(position, _)| position.value());
        for (id, json) in events {
            let known = positions.get(id.as_str()).map_err(failed)?.map(|position| position.value());
            if let Some(position) = known {
                let entry = entries.get(position).map_err(failed)?;
                let entry = entry.map(|entry| decode(entry.value())).transpose()?;
                let event = decode(json)?;
                if entry.as_ref() != Some(&event) {
                    return Err(taken(&event.id)); // dropping the transaction undoes it
                }
                appended.push(Appended::Repeated);
                continue;
            }
            last += 1;
            entries.insert(last, json.as_slice()).map_err(failed)?;
            positions.insert(id.as_str(), last).map_err(failed)?;
            appended.push(Appended::New);
        }
    }
    transaction.commit().map_err(failed)?;
    Ok(appended)
}

fn read(database: &Database, after: u64, most: usize) -> Result<Vec<Entry>> {
    let transaction = database.begin_read().map_err(failed)?;
    let entries = transaction.open_table(EVENTS).map_err(failed)?;
    let Some(first) = after.checked_add(1) else { return Ok(Vec::new()) };
    let found = entries.range(first..).map_err(failed)?.take(most);
    found
        .map(|entry| {
            let (position, json) = entry.map_err(failed)?;
            Ok(Entry { position: position.value(), event: decode(json.value())? })
        })
        .collect()
}

/// Only a disk that fails may be better later; a file that is open elsewhere may be free later.
fn failed(error: impl Into<redb::Error>) -> Error {
    let error = error.into();
    let (kind, message) = match &error {
        redb::Error::DatabaseAlreadyOpen => (ErrorKind::Conflict, "another process has the log open".to_owned()),
        redb::Error::Io(cause) if cause.kind() == io::ErrorKind::InvalidData => {
            (ErrorKind::Unexpected, "the file is not a log of events".to_owned())
        }
        redb::Error::Io(cause) => (ErrorKind::Unavailable, format!("the log's disk failed: {cause}")),
        redb::Error::PreviousIo => (ErrorKind::Unavailable, "the log's disk failed before".to_owned()),
        _ => (ErrorKind::Unexpected, format!("the log cannot be used: {error}")),
    };
    Error::new(kind, message).with_source(error)
}

const EVENTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("events-1");
const POSITIONS: TableDefinition<'_, &str, u64> = TableDefinition::new("positions-1");
