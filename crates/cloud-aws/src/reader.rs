//! Reading hosts that are waited for: many readers, few calls.
//!
//! Whoever waits enters its host. One of the waiters asks for all of a region in one call, and hands the task on when it is
//! done or dropped; so there is no task in the background. The call asks by a filter, which passes over what is not there:
//! by ids, one that is gone would spoil the answer for all others.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_ec2::types::Instance;
use cloud_types::{Clock, Error, ErrorKind, Region, Result};
use tokio::sync::watch;

use crate::client::{Api, FILTER_VALUES};
use crate::convert::{self, Place};

/// The hosts that somebody waits for, and those that this process has just made.
#[derive(Debug)]
pub(crate) struct Reader {
    api: Api,
    clock: Arc<dyn Clock>,
    /// When this process made a host.
    made: Mutex<HashMap<Place, Duration>>,
    waiting: Mutex<BTreeMap<Place, Entry>>,
    /// Held by the reader that asks for all of a region.
    asking: Mutex<HashMap<Region, Arc<tokio::sync::Mutex<()>>>>,
    /// How many calls were begun.
    rounds: AtomicU64,
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
        let (made, waiting, asking) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { api, clock, made, waiting, asking, rounds: AtomicU64::new(0) }
    }

    /// Remembers that a host was made just now, by this process.
    pub(crate) fn made(&self, host: &Place) {
        let (mut made, now) = (locked(&self.made), self.clock.monotonic());
        made.retain(|_, made| now.saturating_sub(*made) < REMEMBERED);
        made.insert(host.clone(), now);
    }

    /// Whether this process made a host, and has not deleted it since.
    pub(crate) fn is_ours(&self, host: &Place) -> bool {
        locked(&self.made).contains_key(host)
    }

    /// Forgets a host that is gone, or is to go.
    pub(crate) fn forget(&self, host: &Place) {
        locked(&self.made).remove(host);
    }

    /// Reads a host alone, also one that has ended. One that this process has just made may be shown late: for so long it
    /// is not taken for gone.
    pub(crate) async fn read_any(&self, host: &Place) -> Result<Instance> {
        loop {
            match self.api.get_instance(host).await {
                Err(error) if error.kind() == ErrorKind::NotFound && self.is_fresh(host) => {
                    self.clock.sleep(LAG_PAUSE).await;
                }
                other => return other,
            }
        }
    }

    /// Reads a host alone; one that has ended is gone.
    pub(crate) async fn read_alone(&self, host: &Place) -> Result<Instance> {
        let instance = self.read_any(host).await?;
        if convert::is_ended(&instance) { Err(convert::ended(host, &instance)) } else { Ok(instance) }
    }

    fn is_fresh(&self, host: &Place) -> bool {
        let made = locked(&self.made).get(host).copied();
        made.is_some_and(|made| self.clock.monotonic().saturating_sub(made) < READ_LAG)
    }

    /// Reads a host, also one that has ended, together with the others that are being read.
    pub(crate) async fn read(&self, host: &Place) -> Result<Arc<Instance>> {
        match self.read_together(host).await? {
            Some(instance) => Ok(instance),
            // Not in the list: too new or gone. Only its id can say which.
            None => self.read_any(host).await.map(Arc::new),
        }
    }

    async fn read_together(&self, host: &Place) -> Result<Answer> {
        let seat = Seat::enter(self, host);
        let mut answer = seat.answer.clone();
        let region = locked(&self.asking).entry(host.region.clone()).or_default().clone();
        loop {
            let asking = tokio::select! {
                biased;
                _ = answer.wait_for(|(round, _)| *round > seat.joined) => None,
                asking = region.lock() => Some(asking),
            };
            let (round, seen) = answer.borrow().clone();
            if round > seat.joined {
                return Ok(seen);
            }
            if asking.is_some() {
                self.ask_once(&host.region).await?;
            }
        }
    }

    /// One call for up to [`FILTER_VALUES`] of those that still wait in a region.
    async fn ask_once(&self, region: &Region) -> Result<()> {
        self.clock.sleep(GATHER).await;
        let round = self.rounds.fetch_add(1, Ordering::Relaxed) + 1;
        let batch: Vec<Place> = {
            let entries = self.entries();
            let here = entries.iter().filter(|(host, _)| host.region == *region);
            let open = here.filter(|(_, entry)| entry.answer.borrow().0 <= entry.newest);
            open.take(FILTER_VALUES).map(|(host, _)| host.clone()).collect()
        };
        let ids: Vec<String> = batch.iter().map(|host| host.id.clone()).collect();
        let found: Vec<Arc<Instance>> = match ids.is_empty() {
            true => Vec::new(),
            false => self.api.instances_of(region, &ids).await?.into_iter().map(Arc::new).collect(),
        };
        let entries = self.entries();
        for host in &batch {
            let seen = found.iter().find(|one| one.instance_id.as_deref() == Some(&host.id)).cloned();
            if let Some(entry) = entries.get(host) {
                entry.answer.send_replace((round, seen));
            }
        }
        Ok(())
    }

    /// Waits until an instance has ended, together with others that are waited for.
    pub(crate) async fn see_ended(&self, host: &Place) -> Result<()> {
        let until = self.clock.monotonic() + ENDING;
        loop {
            match self.read(host).await {
                Ok(instance) if convert::is_ended(&instance) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                Err(error) if !error.is_retryable() => return Err(error),
                _ if self.clock.monotonic() >= until => {
                    let message = format!("host {host} is still being deleted: repeat the call");
                    return Err(Error::new(ErrorKind::Timeout, message));
                }
                _ => self.clock.sleep(ENDING_PAUSE).await,
            }
        }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<Place, Entry>> {
        locked(&self.waiting)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

/// How long after a change a read may still be older than it: EC2 is eventually consistent, mostly within seconds
/// (<https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html>).
pub(crate) const READ_LAG: Duration = Duration::from_secs(10);
/// The pause between looks at what may not be shown yet.
pub(crate) const LAG_PAUSE: Duration = Duration::from_secs(1);
/// How long it matters who made a host: for so long EC2 shows one that has ended.
const REMEMBERED: Duration = Duration::from_secs(2 * 3600);
/// How long one call waits for others to join it.
const GATHER: Duration = Duration::from_millis(250);
/// How long an instance may take to end: its system is given some minutes to shut down.
const ENDING: Duration = Duration::from_secs(600);
/// Between two looks at one that is ending.
const ENDING_PAUSE: Duration = Duration::from_secs(3);
