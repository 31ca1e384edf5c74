//! The power goes at every write and within it: what was acknowledged is there afterwards, and nothing is half there.
//!
//! A [`Disk`] keeps what was synced apart from what was only written. When the power goes, of the latter all, nothing, or
//! any part survives, in any order, torn at any byte: as a drive with a cache may leave it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use cloud_types::{ErrorKind, HostId, ProviderId};
use redb::{Builder, StorageBackend};

use super::*;
use crate::{Change, EventId, Subject};

/// A drive that can lose its power, or have no room.
#[derive(Debug, Clone, Default)]
struct Disk(Arc<Mutex<Drive>>);

#[derive(Debug, Clone, Default)]
struct Drive {
    /// What survives for certain.
    synced: Vec<u8>,
    /// What was done since.
    pending: Vec<Operation>,
    /// What a reader sees.
    seen: Vec<u8>,
    /// How many bytes each operation wrote so far; a sync and a change of length write none.
    done: Vec<usize>,
    /// The operation within which the power goes.
    cut: Option<usize>,
    off: bool,
    room: Option<u64>,
}

#[derive(Debug, Clone)]
enum Operation {
    Write(usize, Vec<u8>),
    Length(usize),
}

/// What survives of that which was not synced.
#[derive(Debug, Clone, Copy)]
enum Unsynced {
    Lost,
    Kept,
    /// Any part, by this seed.
    Some(u64),
}

impl Disk {
    fn drive(&self) -> MutexGuard<'_, Drive> {
        self.0.lock().unwrap()
    }

    fn holding(content: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Drive { synced: content.clone(), seen: content, ..Drive::default() })))
    }

    /// With an empty log, as it is when it gets its name.
    fn with_log() -> Self {
        let disk = Self::default();
        let database = Builder::new().create_with_backend(disk.clone()).unwrap();
        make_tables(&database).unwrap();
        database.close().unwrap();
        let content = disk.drive().synced.clone();
        Self::holding(content)
    }

    /// What a program finds when the power is back, where it went after so many bytes of the last operation.
    fn after_power_loss(&self, bytes: usize, unsynced: Unsynced) -> Self {
        let drive = self.drive();
        let mut left = drive.synced.clone();
        let mut pending = drive.pending.clone();
        if let Some(Operation::Write(_, data)) = pending.last_mut() {
            data.truncate(bytes);
        }
        let mut random = fastrand::Rng::with_seed(if let Unsynced::Some(seed) = unsynced { seed } else { 0 });
        for operation in &pending {
            match (unsynced, operation) {
                (Unsynced::Lost, _) => {}
                (Unsynced::Kept, operation) => apply(&mut left, operation),
                (Unsynced::Some(_), operation) if random.bool() => apply(&mut left, operation),
                (Unsynced::Some(_), Operation::Write(offset, data)) if random.bool() => {
                    apply(&mut left, &Operation::Write(*offset, data[..random.usize(..=data.len())].to_vec()));
                }
                (Unsynced::Some(_), _) => {}
            }
        }
        Self::holding(left)
    }

    fn log(&self) -> FileLog {
        let disk = self.clone();
        FileLog::on(move || Builder::new().create_with_backend(disk.clone()).map_err(failed))
    }
}

fn apply(content: &mut Vec<u8>, operation: &Operation) {
    match operation {
        Operation::Length(length) => content.resize(*length, 0),
        Operation::Write(offset, data) => {
            let end = offset + data.len();
            content.resize(content.len().max(end), 0);
            content[*offset..end].copy_from_slice(data);
        }
    }
}

impl Drive {
    /// Counts an operation that writes so many bytes.
    fn begin(&mut self, bytes: usize) -> io::Result<()> {
        if self.off {
            return Err(io::Error::other("the power is off"));
        }
        self.off = self.cut == Some(self.done.len());
        self.done.push(bytes);
        Ok(())
    }

    fn finish(&self) -> io::Result<()> {
        if self.off { Err(io::Error::other("the power went off")) } else { Ok(()) }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.drive().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let drive = self.drive();
        let from = usize::try_from(offset).unwrap();
        let found = drive.seen.get(from..from + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut drive = self.drive();
        if drive.room.is_some_and(|room| length > room) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        drive.begin(0)?;
        drive.finish()?;
        let operation = Operation::Length(usize::try_from(length).unwrap());
        apply(&mut drive.seen, &operation);
        drive.pending.push(operation);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut drive = self.drive();
        drive.begin(0)?;
        drive.finish()?;
        drive.synced = drive.seen.clone();
        drive.pending.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut drive = self.drive();
        if drive.room.is_some_and(|room| offset + data.len() as u64 > room) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        drive.begin(data.len())?;
        let operation = Operation::Write(usize::try_from(offset).unwrap(), data.to_vec());
        apply(&mut drive.seen, &operation);
        drive.pending.push(operation);
        drive.finish()
    }
}

/// Batches of one, two and three events, each with an entry of another size.
fn batches() -> Vec<Vec<Event>> {
    let subject = |number: usize| Subject::host(&ProviderId::new("acme"), &HostId::new("h".repeat(number * 150 + 1)));
    let event = |number: usize| {
        let id = EventId::new(format!("event-{number}")).unwrap();
        Event::new(id, "2026-11-02T00:00:00Z".parse().unwrap(), subject(number), Change::Stopped)
    };
    vec![vec![event(1)], vec![event(2), event(3)], vec![event(4), event(5), event(6)]]
}

/// Appends all batches until one fails; says how many were acknowledged.
async fn append_until_it_fails(disk: &Disk) -> usize {
    let log = disk.log();
    for (done, batch) in batches().iter().enumerate() {
        if log.append(batch).await.is_err() {
            return done;
        }
    }
    batches().len()
}

/// What must hold after a crash: whole batches from the first on, all acknowledged ones among them.
async fn assert_survived(disk: &Disk, acknowledged: usize, case: &str) -> FileLog {
    let log = disk.log();
    let found = events_in(&log).await.unwrap_or_else(|error| panic!("{case}: {error}"));
    let kept = (acknowledged..=batches().len()).find(|whole| batches()[..*whole].concat() == found);
    assert!(kept.is_some_and(|kept| kept <= acknowledged + 1), "{case}: {acknowledged} acknowledged, found {found:?}");
    log
}

/// And work goes on where it ended.
async fn assert_works(log: &FileLog, case: &str) {
    log.append(&batches().concat()).await.unwrap();
    assert_eq!(events_in(log).await.unwrap(), batches().concat(), "{case}");
}

async fn events_in(log: &FileLog) -> Result<Vec<Event>> {
    Ok(log.read(0, 100).await?.into_iter().map(|entry| entry.event).collect())
}

/// The operations of an undisturbed run, by the bytes that each writes.
async fn undisturbed() -> Vec<usize> {
    let disk = Disk::with_log();
    assert_eq!(append_until_it_fails(&disk).await, batches().len());
    disk.drive().done.clone()
}

/// Every byte of a write that fits a sector, among them all headers; of a longer one its first and last bytes and every sector.
fn cuts(bytes: usize) -> Vec<usize> {
    if bytes <= 512 {
        return (0..=bytes).collect();
    }
    let mut cuts: Vec<_> = (0..=bytes).step_by(512).chain([1, bytes / 2, bytes - 1, bytes]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_crash_at_any_byte() {
    let operations = undisturbed().await;
    assert!(operations.len() > 20, "the run is too short to tell anything: {operations:?}");
    let empty = Disk::with_log().drive().synced.clone();
    for (operation, length) in operations.into_iter().enumerate() {
        let disk = Disk::holding(empty.clone());
        disk.drive().cut = Some(operation);
        let acknowledged = append_until_it_fails(&disk).await;
        for bytes in cuts(length) {
            let case = |unsynced| format!("operation {operation} after {bytes} bytes, {unsynced:?}");
            let survivors = disk.after_power_loss(bytes, Unsynced::Kept);
            let log = assert_survived(&survivors, acknowledged, &case(Unsynced::Kept)).await;
            if bytes % 8 > 0 {
                continue;
            }
            assert_works(&log, &case(Unsynced::Kept)).await;
            let seed = (operation * 1_000_003 + bytes) as u64;
            for unsynced in [Unsynced::Lost, Unsynced::Some(seed)] {
                let log = assert_survived(&disk.after_power_loss(bytes, unsynced), acknowledged, &case(unsynced)).await;
                assert_works(&log, &case(unsynced)).await;
            }
        }
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_loses_nothing() {
    let disk = Disk::with_log();
    let log = disk.log();
    log.append(&batches()[0]).await.unwrap();
    let used = disk.drive().seen.len() as u64;
    disk.drive().room = Some(used);
    let subject = Subject::host(&ProviderId::new("acme"), &HostId::new("h".repeat(4_000_000)));
    let large = Event::with_new_id("2026-11-02T00:00:00Z".parse().unwrap(), subject, Change::Stopped);

    let error = log.append(std::slice::from_ref(&large)).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Unavailable, Some("append")));
    assert!(error.message().contains("disk"), "{error}");
    assert_eq!(log.read(0, 10).await.unwrap().len(), 1);

    disk.drive().room = None;
    assert_eq!(log.append(&[large]).await.unwrap(), [Appended::New]);
    assert_eq!(log.read(0, 10).await.unwrap().len(), 2);
}
