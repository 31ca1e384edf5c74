//! Waiting for actions: many waiters, few calls.
//!
//! Whoever waits enters the ids it waits for. One of the waiters does the asking for all of them, 25 ids a call, and
//! hands the task on when it is done or dropped; so there is no task in the background, and nothing to shut down.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_types::{Clock, Error, ErrorKind, Result};
use tokio::sync::watch;

use crate::client::{ACTIONS_A_CALL, Api};
use crate::error;
use crate::reader::READ_LAG;
use crate::wire::Action;

/// All actions that somebody waits for.
#[derive(Debug)]
pub(crate) struct Actions {
    api: Api,
    clock: Arc<dyn Clock>,
    waiting: Mutex<BTreeMap<u64, Entry>>,
    /// Held by the waiter that asks for all.
    asking: tokio::sync::Mutex<()>,
    /// The id that was asked for last, so that every id has its turn.
    last: AtomicU64,
}

#[derive(Debug)]
struct Entry {
    waiters: usize,
    /// When the first of them came.
    entered: Duration,
    outcome: watch::Sender<Option<Outcome>>,
}

/// How an action ended.
#[derive(Debug, Clone)]
enum Outcome {
    Done,
    Failed(Action),
    /// Hetzner does not know the id.
    Unknown,
}

impl Actions {
    pub(crate) fn new(api: Api, clock: Arc<dyn Clock>) -> Self {
        Self { api, clock, waiting: Mutex::default(), asking: tokio::sync::Mutex::new(()), last: AtomicU64::new(0) }
    }

    /// Waits until an action has ended, as long as the caller lets it; how it failed is the inner result.
    ///
    /// An action that Hetzner does not know is taken for done: what it did is to be seen on the thing itself.
    ///
    /// # Errors
    /// Where asking fails: the action goes on.
    pub(crate) async fn wait(&self, id: u64) -> Result<Result<(), Box<Error>>> {
        let place = Place::enter(self, id);
        let mut outcome = place.outcome.clone();
        loop {
            let asking = tokio::select! {
                biased;
                _ = async { outcome.wait_for(Option::is_some).await.is_ok() } => None,
                asking = self.asking.lock() => Some(asking),
                // Whoever asks for all may not be polled by its caller: then each helps itself.
                () = self.clock.sleep(HELP_YOURSELF) => {
                    self.ask_for(&[id]).await?;
                    continue;
                }
            };
            let seen = outcome.borrow().clone();
            match seen {
                Some(Outcome::Done | Outcome::Unknown) => return Ok(Ok(())),
                Some(Outcome::Failed(action)) => {
                    return Ok(Err(Box::new(error::from_action(&action.command, action.error.as_ref()))));
                }
                None => {}
            }
            if asking.is_some() {
                self.ask_once().await?;
            }
        }
    }

    /// Waits like [`wait`](Self::wait) for an action that was just accepted, for ten minutes at most.
    pub(crate) async fn wait_accepted(&self, action: &Action) -> Result<()> {
        match action.status.as_str() {
            "success" => Ok(()),
            "error" => Err(error::from_action(&action.command, action.error.as_ref())),
            _ => match cloud_types::clock::within(&*self.clock, LIMIT, self.wait(action.id)).await {
                Some(ended) => ended?.map_err(|failed| *failed),
                None => {
                    let message = format!("the action {} is not done after {LIMIT:?}", action.command);
                    Err(Error::new(ErrorKind::Timeout, message))
                }
            },
        }
    }

    /// One round: after a pause, all ids that are waited for, beginning behind the one that was asked for last.
    async fn ask_once(&self) -> Result<()> {
        self.clock.sleep(PAUSE).await;
        let ids: Vec<u64> = {
            let (entries, last) = (self.entries(), self.last.load(Ordering::Relaxed));
            entries.range(last + 1..).chain(entries.range(..=last)).map(|(id, _)| *id).collect()
        };
        for (call, chunk) in ids.chunks(ACTIONS_A_CALL).enumerate() {
            if call > 0 {
                self.clock.sleep(BETWEEN_CALLS).await;
            }
            self.ask_for(chunk).await?;
            self.last.store(chunk.last().copied().unwrap_or_default(), Ordering::Relaxed);
        }
        Ok(())
    }

    /// One call, and what it says to those who wait.
    async fn ask_for(&self, ids: &[u64]) -> Result<()> {
        let answers = self.api.actions(ids).await?;
        let now = self.clock.monotonic();
        let entries = self.entries();
        for id in ids {
            let Some(entry) = entries.get(id) else { continue };
            let outcome = match answers.iter().find(|action| action.id == *id) {
                // Too new to be shown, or not known at all.
                None if now.saturating_sub(entry.entered) < READ_LAG => continue,
                None => Outcome::Unknown,
                Some(action) => match action.status.as_str() {
                    "running" => continue,
                    "success" => Outcome::Done,
                    _ => Outcome::Failed(action.clone()),
                },
            };
            entry.outcome.send_replace(Some(outcome));
        }
        Ok(())
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<u64, Entry>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One waiter's place; dropping it leaves.
struct Place<'a> {
    actions: &'a Actions,
    id: u64,
    outcome: watch::Receiver<Option<Outcome>>,
}

impl<'a> Place<'a> {
    fn enter(actions: &'a Actions, id: u64) -> Self {
        let mut entries = actions.entries();
        let entry = entries.entry(id).or_insert_with(|| Entry {
            waiters: 0,
            entered: actions.clock.monotonic(),
            outcome: watch::channel(None).0,
        });
        entry.waiters += 1;
        let outcome = entry.outcome.subscribe();
        Self { actions, id, outcome }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut entries = self.actions.entries();
        if let Some(entry) = entries.get_mut(&self.id) {
            entry.waiters -= 1;
            if entry.waiters == 0 {
                entries.remove(&self.id);
            }
        }
    }
}

/// How long an operation waits for its action: copying a large disk takes minutes.
const LIMIT: Duration = Duration::from_secs(600);
/// How long a waiter relies on another.
const HELP_YOURSELF: Duration = Duration::from_secs(30);
/// Between two rounds: a wait of one host costs a call a second, what the budget of 3,600 an hour refills.
const PAUSE: Duration = Duration::from_secs(1);
/// Between the calls of a round. With the pace of [`reader`](crate::reader) together: at most 8 calls a second.
const BETWEEN_CALLS: Duration = Duration::from_millis(250);
