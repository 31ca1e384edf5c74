//! What this process has just made or begun, which a read may not show yet.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_types::{Clock, ErrorKind, Result};

use crate::Account;
use crate::sabotage::{Promise, is_broken};

/// What one process has done of late: hosts that it made, by their keys `K`; what runs on them, `O`; and the names that
/// it has asked for. Bounded; what is older than the lag is forgotten.
#[derive(Debug)]
pub struct Recent<K, O = ()> {
    clock: Arc<dyn Clock>,
    lag: Duration,
    hosts: Mutex<HashMap<K, Entry<O>>>,
    sent: Mutex<HashMap<String, Duration>>,
}

#[derive(Debug)]
struct Entry<O> {
    running: Vec<O>,
    made: Option<Duration>,
}

impl<K: Hash + Eq + Clone, O: Clone> Recent<K, O> {
    /// Nothing was done yet.
    #[must_use]
    pub fn new(account: &Account) -> Self {
        let (hosts, sent) = (Mutex::default(), Mutex::default());
        Self { clock: account.shared_clock(), lag: account.lag(), hosts, sent }
    }

    /// A host was made just now: it may not be shown for a while.
    pub fn made(&self, host: K) {
        let mut hosts = self.hosts();
        hosts.entry(host).or_default().made = Some(self.clock.monotonic());
        self.bound(&mut hosts);
    }

    /// These operations were begun on a host: what a wait that follows asks about. Earlier ones matter no more.
    pub fn begun(&self, host: K, operations: impl IntoIterator<Item = O>) {
        let operations: Vec<O> = operations.into_iter().collect();
        if operations.is_empty() {
            return;
        }
        let mut hosts = self.hosts();
        hosts.entry(host).or_default().running = operations;
        self.bound(&mut hosts);
    }

    /// The operations that run on a host, as far as this process knows.
    pub fn running(&self, host: &K) -> Vec<O> {
        self.hosts().get(host).map(|entry| entry.running.clone()).unwrap_or_default()
    }

    /// Forgets the operations that have ended.
    pub fn ended(&self, host: &K, has_ended: impl Fn(&O) -> bool) {
        if let Some(entry) = self.hosts().get_mut(host) {
            entry.running.retain(|operation| !has_ended(operation));
        }
    }

    /// A host is gone: it is rightly not found.
    pub fn forget(&self, host: &K) {
        self.hosts().remove(host);
    }

    /// Whether this process knows of the host at all.
    pub fn knows(&self, host: &K) -> bool {
        self.hosts().contains_key(host)
    }

    /// Whether a host was made so shortly ago that it may not be found yet.
    pub fn is_young(&self, host: &K) -> bool {
        self.hosts().get(host).and_then(|entry| entry.made).is_some_and(|made| !self.left(made).is_zero())
    }

    /// Reads a host. One that this process has just made may be shown late: for so long it is not taken for gone.
    ///
    /// # Errors
    /// Those of `read`.
    pub async fn read<T, F>(&self, host: &K, mut read: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        loop {
            // Asked first: the answer may be about a moment long ago by the time it is here.
            let young = self.is_young(host) && !is_broken(Promise::YoungIsNotGone);
            match read().await {
                Err(error) if error.kind() == ErrorKind::NotFound && young => self.clock.sleep(LAG_PAUSE).await,
                other => return other,
            }
        }
    }

    fn left(&self, moment: Duration) -> Duration {
        self.lag.saturating_sub(self.clock.monotonic().saturating_sub(moment))
    }

    fn bound(&self, hosts: &mut HashMap<K, Entry<O>>) {
        if hosts.len() > MOST {
            hosts.retain(|_, entry| {
                !entry.running.is_empty() || entry.made.is_some_and(|made| !self.left(made).is_zero())
            });
        }
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<K, Entry<O>>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone + Send, O: Clone + Send> Sends for Recent<K, O> {
    fn sending(&self, name: &str) -> Sending<'_> {
        let noted = Some((&self.sent, &*self.clock, self.lag));
        let sending = Sending { noted, name: name.to_owned() };
        sending.note();
        sending
    }

    fn hides_for(&self, name: &str) -> Duration {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.get(name).map_or(Duration::ZERO, |sent| self.left(*sent))
    }
}

impl<O> Default for Entry<O> {
    fn default() -> Self {
        Self { running: Vec::new(), made: None }
    }
}

/// Notes launches of names. [`Recent`] does it.
pub trait Sends: Send + Sync {
    /// A launch of this name is on its way until the guard is dropped: even where nobody waits for its answer, it may make
    /// a host that is not shown for a while.
    fn sending(&self, name: &str) -> Sending<'_>;

    /// How long a host may still be hidden that the last launch of this name has made.
    fn hides_for(&self, name: &str) -> Duration;
}

/// A launch on its way: both of its ends are noted, also where its caller gives it up.
pub struct Sending<'a> {
    noted: Option<Notes<'a>>,
    name: String,
}

/// What was sent when, by which clock, and how long that matters.
type Notes<'a> = (&'a Mutex<HashMap<String, Duration>>, &'a dyn Clock, Duration);

impl std::fmt::Debug for Sending<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sending").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Sending<'_> {
    /// A launch that need not be noted, since the API knows a repeat of it.
    #[must_use]
    pub fn unnoted() -> Self {
        Self { noted: None, name: String::new() }
    }

    fn note(&self) {
        let Some((sent, clock, lag)) = self.noted.filter(|(_, _, lag)| !lag.is_zero()) else { return };
        let now = clock.monotonic();
        let mut sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
        if sent.len() > MOST {
            sent.retain(|_, moment| now.saturating_sub(*moment) < lag);
        }
        sent.insert(self.name.clone(), now);
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.note();
    }
}

/// Between two looks at a host that was just made.
const LAG_PAUSE: Duration = Duration::from_secs(1);
/// How many hosts and names are remembered; past that, those that nothing is known to happen to are forgotten.
const MOST: usize = 10_000;

#[cfg(test)]
mod tests {
    use cloud_types::{Capabilities, Error, Owner, ProviderId, SystemClock};

    use super::*;

    fn recent() -> Recent<u64, u64> {
        let mut capabilities = Capabilities::none();
        capabilities.read_lag = Duration::from_secs(5);
        let clock = Arc::new(SystemClock);
        Recent::new(&Account::new(ProviderId::new("acme"), Owner::default(), clock, capabilities))
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_was_just_made_is_not_taken_for_gone_and_an_old_one_is() {
        let recent = recent();
        recent.made(7);
        let begun = recent.clock.monotonic();
        let missing = || async { Err::<(), _>(Error::new(ErrorKind::NotFound, "no host")) };
        assert_eq!(recent.read(&7, missing).await.unwrap_err().kind(), ErrorKind::NotFound);
        assert!(recent.clock.monotonic() - begun >= Duration::from_secs(5));
        let begun = recent.clock.monotonic();
        assert!(recent.read(&7, missing).await.is_err() && recent.read(&8, missing).await.is_err());
        assert_eq!(recent.clock.monotonic(), begun, "nobody waits for these");
    }

    #[tokio::test(start_paused = true)]
    async fn a_create_hides_a_host_from_its_begin_to_a_lag_after_its_end() {
        let recent = recent();
        let sending = recent.sending("web");
        recent.clock.sleep(Duration::from_secs(4)).await;
        assert_eq!(recent.hides_for("web"), Duration::from_secs(1));
        drop(sending);
        assert_eq!(recent.hides_for("web"), Duration::from_secs(5));
        recent.clock.sleep(Duration::from_secs(5)).await;
        assert_eq!(recent.hides_for("web"), Duration::ZERO);
    }

    #[test]
    fn what_was_begun_replaces_what_ran_before() {
        let recent = recent();
        recent.begun(7, [1, 2]);
        recent.begun(7, []);
        assert_eq!(recent.running(&7), [1, 2]);
        recent.begun(7, [3]);
        recent.ended(&7, |operation| *operation == 3);
        assert!(recent.running(&7).is_empty() && recent.knows(&7));
        recent.forget(&7);
        assert!(!recent.knows(&7));
    }
}
