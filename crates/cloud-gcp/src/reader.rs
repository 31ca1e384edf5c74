//! Reading hosts that are waited for: many readers, few calls.
//!
//! As in [`operations`](crate::operations) one of the readers asks for all, by the names that their ids hold.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_types::{Clock, Error, ErrorKind, Result};
use tokio::sync::watch;

use crate::client::{Api, any_of};
use crate::convert::Place;
use crate::wire::{Instance, Operation};

/// The hosts that somebody waits for, and the operations that run on them.
#[derive(Debug)]
pub(crate) struct Reader {
    api: Api,
    clock: Arc<dyn Clock>,
    /// What this process knows of hosts that it has just changed.
    known: Mutex<HashMap<Place, Known>>,
    waiting: Mutex<BTreeMap<Place, Entry>>,
    /// Held by the reader that asks for all.
    asking: tokio::sync::Mutex<()>,
    /// How many calls were begun.
    rounds: AtomicU64,
}

#[derive(Debug, Default)]
struct Known {
    operations: Vec<Operation>,
    /// When this process made it.
    made: Option<Duration>,
}

#[derive(Debug)]
struct Entry {
    readers: usize,
    /// The round at which the newest reader joined.
    newest: u64,
    /// The round of the newest answer, and the answer.
    answer: watch::Sender<(u64, Answer)>,
}

/// An instance, or that it was not in the answer.
type Answer = Option<Arc<Instance>>;

impl Reader {
    pub(crate) fn new(api: Api, clock: Arc<dyn Clock>) -> Self {
        let (known, waiting) = (Mutex::default(), Mutex::default());
        Self { api, clock, known, waiting, asking: tokio::sync::Mutex::new(()), rounds: AtomicU64::new(0) }
    }

    /// Remembers what a call has begun, for the wait that follows.
    pub(crate) fn begun(&self, host: &Place, operation: Operation) {
        self.known().entry(host.clone()).or_default().operations.push(operation);
    }

    /// Remembers that a host was made just now, by this process.
    pub(crate) fn made(&self, host: &Place, operation: Operation) {
        let known = Known { operations: vec![operation], made: Some(self.clock.monotonic()) };
        self.known().insert(host.clone(), known);
    }

    /// The operations that run on a host, as far as this process knows.
    pub(crate) fn running(&self, host: &Place) -> Vec<Operation> {
        self.known().get(host).map(|known| known.operations.clone()).unwrap_or_default()
    }

    /// Forgets operations that have ended.
    pub(crate) fn ended(&self, host: &Place, ended: &[Operation]) {
        let mut known = self.known();
        if let Some(entry) = known.get_mut(host) {
            entry.operations.retain(|one| !ended.iter().any(|other| other.name == one.name));
        }
    }

    /// Forgets a host that is gone.
    pub(crate) fn forget(&self, host: &Place) {
        self.known().remove(host);
    }

    /// Reads a host alone. One that this process has just made may be shown late: for so long it is not taken for gone.
    pub(crate) async fn read_alone(&self, host: &Place) -> Result<Instance> {
        loop {
            let read = match self.api.get_instance(host).await {
                Ok(other) if !host.is(&other) => Err(replaced(host)),
                other => other,
            };
            match read {
                Err(error) if error.kind() == ErrorKind::NotFound && self.is_fresh(host) => {
                    self.clock.sleep(LAG_PAUSE).await;
                }
                other => return other,
            }
        }
    }

    fn is_fresh(&self, host: &Place) -> bool {
        let made = self.known().get(host).and_then(|known| known.made);
        made.is_some_and(|made| self.clock.monotonic().saturating_sub(made) < READ_LAG)
    }

    /// Reads a host, together with the others that are being read.
    pub(crate) async fn read(&self, host: &Place) -> Result<Arc<Instance>> {
        match self.read_together(host).await? {
            Some(instance) => Ok(instance),
            // Not in the list: too new or gone. Only the host's own address can say which.
            None => self.read_alone(host).await.map(Arc::new),
        }
    }

    async fn read_together(&self, host: &Place) -> Result<Answer> {
        let seat = Seat::enter(self, host);
        let mut answer = seat.answer.clone();
        loop {
            let asking = tokio::select! {
                biased;
                _ = answer.wait_for(|(round, _)| *round > seat.joined) => None,
                asking = self.asking.lock() => Some(asking),
            };
            let (round, seen) = answer.borrow().clone();
            if round > seat.joined {
                return Ok(seen);
            }
            if asking.is_some() {
                self.ask_once().await?;
            }
        }
    }

    /// One call for up to [`HOSTS_A_CALL`] of those that still wait.
    async fn ask_once(&self) -> Result<()> {
        self.clock.sleep(GATHER).await;
        let round = self.rounds.fetch_add(1, Ordering::Relaxed) + 1;
        let batch: Vec<Place> = {
            let entries = self.entries();
            let open = entries.iter().filter(|(_, entry)| entry.answer.borrow().0 <= entry.newest);
            open.take(HOSTS_A_CALL).map(|(host, _)| host.clone()).collect()
        };
        let instances: Vec<Arc<Instance>> = self.ask(&batch).await?.into_iter().map(Arc::new).collect();
        let entries = self.entries();
        for host in &batch {
            let found = instances.iter().find(|instance| host.is(instance)).cloned();
            if let Some(entry) = entries.get(host) {
                entry.answer.send_replace((round, found));
            }
        }
        Ok(())
    }

    async fn ask(&self, batch: &[Place]) -> Result<Vec<Instance>> {
        match batch {
            [] => Ok(Vec::new()),
            [host] => match self.api.get_instance(host).await {
                Ok(instance) => Ok(vec![instance]),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
                Err(error) => Err(error),
            },
            several => self.api.all_instances(&any_of("name", several.iter().map(|host| host.name.as_str()))).await,
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Place, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<Place, Entry>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error for a host in whose place another of the same name is.
fn replaced(host: &Place) -> Error {
    let message = format!("host {} is gone: the one that has its name now is another", host.host_id());
    Error::new(ErrorKind::NotFound, message)
}

/// One reader's place; dropping it leaves.
struct Seat<'a> {
    reader: &'a Reader,
    host: Place,
    /// Only an answer to a later round counts: an earlier one may be older than what the reader has done.
    joined: u64,
    answer: watch::Receiver<(u64, Answer)>,
}

impl<'a> Seat<'a> {
    fn enter(reader: &'a Reader, host: &Place) -> Self {
        let mut entries = reader.entries();
        let joined = reader.rounds.load(Ordering::Relaxed);
        let entry = entries.entry(host.clone()).or_insert_with(|| Entry {
            readers: 0,
            newest: joined,
            answer: watch::channel((0, None)).0,
        });
        entry.readers += 1;
        entry.newest = joined;
        let answer = entry.answer.subscribe();
        Self { reader, host: host.clone(), joined, answer }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut entries = self.reader.entries();
        if let Some(entry) = entries.get_mut(&self.host) {
            entry.readers -= 1;
            if entry.readers == 0 {
                entries.remove(&self.host);
            }
        }
    }
}

/// How long after a create a host may not be shown yet. Not documented; longer than was ever seen.
pub(crate) const READ_LAG: Duration = Duration::from_secs(5);
/// The pause between looks at what may not be shown yet.
pub(crate) const LAG_PAUSE: Duration = Duration::from_secs(1);
/// How many hosts one call asks about: a filter of that many names stays well below 8 KB.
const HOSTS_A_CALL: usize = 50;
/// How long one call waits for others to join it.
const GATHER: Duration = Duration::from_millis(250);
