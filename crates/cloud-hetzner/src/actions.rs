//! Waiting for actions: many waiters, few calls.
//!
//! Whoever waits enters the ids it waits for. One of the waiters does the asking for all of them, 25 ids a call, and
//! hands the task on when it is done or dropped; so there is no task in the background, and nothing to shut down.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloud_types::{Clock, Error, ErrorKind, Result};
use tokio::sync::watch;

use crate::client::{ACTIONS_A_CALL, Api};
use crate::error;
use crate::wire::Action;

/// All actions that somebody waits for.
#[derive(Debug)]
pub(crate) struct Actions {
    api: Api,
    clock: Arc<dyn Clock>,
    waiting: Mutex<BTreeMap<u64, Entry>>,
    /// Held by the waiter that asks for all.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Entry {
    waiters: usize,
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
        Self { api, clock, waiting: Mutex::default(), asking: tokio::sync::Mutex::new(()) }
    }

    /// Waits until an action has succeeded, as long as the caller lets it.
    ///
    /// An action that Hetzner no longer knows is taken for done: what it did is to be seen on the thing itself.
    pub(crate) async fn wait(&self, id: u64) -> Result<()> {
        let place = Place::enter(self, id);
        let mut outcome = place.outcome.clone();
        loop {
            let asking = tokio::select! {
                biased;
                _ = outcome.wait_for(Option::is_some) => None,
                asking = self.asking.lock() => Some(asking),
            };
            let seen = outcome.borrow().clone();
            match seen {
                Some(Outcome::Done | Outcome::Unknown) => return Ok(()),
                Some(Outcome::Failed(action)) => {
                    return Err(error::from_action(&action.command, action.error.as_ref()));
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
            _ => {
                let outcome = cloud_types::clock::within(&*self.clock, LIMIT, self.wait(action.id)).await;
                outcome.unwrap_or_else(|| {
                    let message = format!("the action {} is not done after {LIMIT:?}", action.command);
                    Err(Error::new(ErrorKind::Timeout, message))
                })
            }
        }
    }

    /// One round: after a pause, all ids that are waited for.
    async fn ask_once(&self) -> Result<()> {
        self.clock.sleep(PAUSE).await;
        let ids: Vec<u64> = self.entries().keys().copied().collect();
        for (call, chunk) in ids.chunks(ACTIONS_A_CALL).enumerate() {
            if call > 0 {
                self.clock.sleep(BETWEEN_CALLS).await;
            }
            let answers = self.api.actions(chunk).await?;
            let entries = self.entries();
            for id in chunk {
                let Some(entry) = entries.get(id) else { continue };
                let outcome = match answers.iter().find(|action| action.id == *id) {
                    None => Outcome::Unknown,
                    Some(action) => match action.status.as_str() {
                        "running" => continue,
                        "success" => Outcome::Done,
                        _ => Outcome::Failed(action.clone()),
                    },
                };
                entry.outcome.send_replace(Some(outcome));
            }
        }
        Ok(())
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Entry>> {
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
        let entry = entries.entry(id).or_insert_with(|| Entry { waiters: 0, outcome: watch::channel(None).0 });
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
/// Between two rounds: a wait of one host costs a call a second, what the budget of 3,600 an hour refills.
const PAUSE: Duration = Duration::from_secs(1);
/// Between the calls of a round. With the pace of [`reader`](crate::reader) together: at most 8 calls a second.
const BETWEEN_CALLS: Duration = Duration::from_millis(250);
