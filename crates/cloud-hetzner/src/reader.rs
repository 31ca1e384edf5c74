//! Reading hosts that are waited for: many readers, few calls.
//!
//! As in [`actions`](crate::actions) one of the readers asks for all. A host that this process has named is read by its
//! label together with up to 49 others; one that nobody has named is read alone.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_types::{Clock, ErrorKind, Owner, Result, ownership};
use tokio::sync::watch;

use crate::client::{Api, PER_PAGE};
use crate::wire::Server;

/// The hosts that somebody waits for, and the actions that run on them.
#[derive(Debug)]
pub(crate) struct Reader {
    api: Api,
    clock: Arc<dyn Clock>,
    owner: Owner,
    /// What this process knows of hosts that it has just changed.
    known: Mutex<HashMap<u64, Known>>,
    waiting: Mutex<BTreeMap<u64, Entry>>,
    /// Held by the reader that asks for all.
    asking: tokio::sync::Mutex<()>,
    /// How many calls were begun.
    rounds: AtomicU64,
}

#[derive(Debug, Default, Clone)]
struct Known {
    name: Option<String>,
    actions: Vec<u64>,
    /// When this process made it.
    made: Option<Duration>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    readers: usize,
    /// The round at which the newest reader joined.
    newest: u64,
    /// The round of the newest answer, and the answer.
    answer: watch::Sender<(u64, Answer)>,
}

/// A server, or that it was not in the answer.
type Answer = Option<Box<Server>>;

impl Reader {
    pub(crate) fn new(api: Api, clock: Arc<dyn Clock>, owner: Owner) -> Self {
        let (known, waiting) = (Mutex::default(), Mutex::default());
        Self { api, clock, owner, known, waiting, asking: tokio::sync::Mutex::new(()), rounds: AtomicU64::new(0) }
    }

    /// Remembers what a call has begun, for the wait that follows.
    pub(crate) fn begun(&self, server: u64, name: Option<&str>, actions: impl IntoIterator<Item = u64>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.entry(server).or_default();
        entry.name = name.map(str::to_owned).or(entry.name.take());
        let actions: Vec<u64> = actions.into_iter().collect();
        if !actions.is_empty() {
            entry.actions = actions; // what was begun before matters no more
        }
        if known.len() > MOST_KNOWN {
            known.retain(|_, host| !host.actions.is_empty() || self.is_young(host));
        }
    }

    /// Remembers that a host was made just now, by this process.
    pub(crate) fn made(&self, server: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(server).or_default().made = Some(self.clock.monotonic());
    }

    /// Reads a host alone. One that this process has just made may be shown late: for so long it is not taken for gone.
    pub(crate) async fn read_alone(&self, id: u64) -> Result<Server> {
        loop {
            // Asked first: the answer may be about a moment long ago by the time it is here.
            let fresh = self.is_fresh(id);
            match self.api.get_server(id).await {
                Err(error) if error.kind() == ErrorKind::NotFound && fresh => {
                    self.clock.sleep(LAG_PAUSE).await;
                }
                other => return other,
            }
        }
    }

    fn is_fresh(&self, id: u64) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&id).is_some_and(|host| self.is_young(host))
    }

    fn is_young(&self, host: &Known) -> bool {
        host.made.is_some_and(|made| self.clock.monotonic().saturating_sub(made) < READ_LAG)
    }

    /// The actions that run on a host, as far as this process knows.
    pub(crate) fn running(&self, server: u64) -> Vec<u64> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&server).map(|known| known.actions.clone()).unwrap_or_default()
    }

    /// Forgets an action that has ended.
    pub(crate) fn ended(&self, server: u64, action: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = known.get_mut(&server) {
            entry.actions.retain(|id| *id != action);
        }
    }

    /// Forgets a host that is gone.
    pub(crate) fn forget(&self, server: u64) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&server);
    }

    /// Reads a host, together with the others that are being read.
    pub(crate) async fn read(&self, id: u64) -> Result<Server> {
        let name = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(&id).and_then(|known| known.name.clone())
        };
        let Some(name) = name else { return self.read_alone(id).await };
        match self.read_together(id, name).await? {
            Some(server) => Ok(*server),
            // Not in the list: too new or gone. Only the host's own address can say which.
            None => self.read_alone(id).await,
        }
    }

    async fn read_together(&self, id: u64, name: String) -> Result<Answer> {
        let place = Place::enter(self, id, name);
        let mut answer = place.answer.clone();
        loop {
            let asking = tokio::select! {
                biased;
                _ = async { answer.wait_for(|(round, _)| *round > place.joined).await.is_ok() } => None,
                asking = self.asking.lock() => Some(asking),
                // Whoever asks for all may not be polled by its caller: then each helps itself.
                () = self.clock.sleep(HELP_YOURSELF) => return Ok(None),
            };
            let (round, seen) = answer.borrow().clone();
            if round > place.joined {
                return Ok(seen);
            }
            if asking.is_some() {
                self.ask_once().await?;
            }
        }
    }

    /// One call for up to a page of those that still wait.
    async fn ask_once(&self) -> Result<()> {
        self.clock.sleep(GATHER).await;
        let round = self.rounds.fetch_add(1, Ordering::Relaxed) + 1;
        let batch: Vec<(u64, String)> = {
            let entries = self.entries();
            let mut open: Vec<_> =
                entries.iter().filter(|(_, entry)| entry.answer.borrow().0 <= entry.newest).collect();
            open.sort_by_key(|(_, entry)| entry.newest); // whoever has waited longest goes first
            open.truncate(PER_PAGE as usize);
            open.into_iter().map(|(id, entry)| (*id, entry.name.clone())).collect()
        };
        let mut servers = self.ask(&batch).await?;
        let entries = self.entries();
        for (id, _) in &batch {
            let found = servers.iter().position(|server| server.id == *id);
            let answer = found.map(|place| Box::new(servers.swap_remove(place)));
            if let Some(entry) = entries.get(id) {
                entry.answer.send_replace((round, answer));
            }
        }
        Ok(())
    }

    async fn ask(&self, batch: &[(u64, String)]) -> Result<Vec<Server>> {
        match batch {
            [] => Ok(Vec::new()),
            [(id, _)] => match self.api.get_server(*id).await {
                Ok(server) => Ok(vec![server]),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
                Err(error) => Err(error),
            },
            several => {
                let names: Vec<&str> = several.iter().map(|(_, name)| name.as_str()).collect();
                let (owner, names) = (&self.owner, names.join(","));
                let labels = format!("{}={owner},{} in ({names})", ownership::OWNER, ownership::NAME);
                Ok(self.api.list_servers(None, &labels, 1).await?.servers)
            }
        }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<u64, Entry>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One reader's place; dropping it leaves.
struct Place<'a> {
    reader: &'a Reader,
    id: u64,
    /// Only an answer to a later round counts: an earlier one may be older than what the reader has done.
    joined: u64,
    answer: watch::Receiver<(u64, Answer)>,
}

impl<'a> Place<'a> {
    fn enter(reader: &'a Reader, id: u64, name: String) -> Self {
        let mut entries = reader.entries();
        let joined = reader.rounds.load(Ordering::Relaxed);
        let entry = entries.entry(id).or_insert_with(|| Entry {
            name,
            readers: 0,
            newest: joined,
            answer: watch::channel((0, None)).0,
        });
        entry.readers += 1;
        entry.newest = joined;
        let answer = entry.answer.subscribe();
        Self { reader, id, joined, answer }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut entries = self.reader.entries();
        if let Some(entry) = entries.get_mut(&self.id) {
            entry.readers -= 1;
            if entry.readers == 0 {
                entries.remove(&self.id);
            }
        }
    }
}

/// How long after a create a host may not be shown yet. Not documented; longer than was ever seen.
pub(crate) const READ_LAG: Duration = Duration::from_secs(5);
/// How long a reader relies on another.
const HELP_YOURSELF: Duration = Duration::from_secs(30);
/// How many hosts are remembered; past that, those that nothing is known to happen to are forgotten.
const MOST_KNOWN: usize = 10_000;
/// Between two looks at a host that was just made.
const LAG_PAUSE: Duration = Duration::from_secs(1);
/// How long one call waits for others to join it. With the pace of [`actions`](crate::actions) together: at most 8 calls
/// a second.
const GATHER: Duration = Duration::from_millis(250);
