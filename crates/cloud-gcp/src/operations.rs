//! Waiting for operations: many waiters, few calls.
//!
//! Whoever waits enters its operation. One of the waiters does the asking for all of them, one call a scope, and hands the
//! task on when it is done or dropped; so there is no task in the background, and nothing to shut down.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_types::clock::within;
use cloud_types::{Clock, Error, ErrorKind, Result};
use tokio::sync::watch;

use crate::client::{Api, OPERATIONS_A_CALL, Scope};
use crate::error;
use crate::wire::Operation;

/// All operations that somebody waits for.
#[derive(Debug)]
pub(crate) struct Operations {
    api: Api,
    clock: Arc<dyn Clock>,
    waiting: Mutex<BTreeMap<Key, Entry>>,
    /// Held by the waiter that asks for all.
    asking: tokio::sync::Mutex<()>,
}

type Key = (Scope, String);

#[derive(Debug)]
struct Entry {
    waiters: usize,
    /// How often it was asked for, and how it ended.
    seen: watch::Sender<(u64, Option<End>)>,
}

/// How an operation ended.
#[derive(Debug, Clone)]
enum End {
    Done(Box<Operation>),
    /// Google does not know it any more.
    Unknown,
}

impl Operations {
    pub(crate) fn new(api: Api, clock: Arc<dyn Clock>) -> Self {
        Self { api, clock, waiting: Mutex::default(), asking: tokio::sync::Mutex::new(()) }
    }

    /// Waits until an operation has succeeded, for [`LIMIT`] at most.
    pub(crate) async fn wait(&self, operation: &Operation) -> Result<()> {
        within(&*self.clock, LIMIT, self.follow(operation)).await.unwrap_or_else(|| {
            let message = format!("the operation {} is not done after {LIMIT:?}", operation.operation_type);
            Err(Error::new(ErrorKind::Timeout, message))
        })
    }

    /// Waits until an operation has succeeded, as long as the caller lets it. One that Google no longer knows is taken for
    /// done: what it did is to be seen on the thing itself.
    pub(crate) async fn follow(&self, operation: &Operation) -> Result<()> {
        while !self.look(operation).await? {}
        Ok(())
    }

    /// Looks once, together with others that look: whether the operation has succeeded by now.
    pub(crate) async fn look(&self, operation: &Operation) -> Result<bool> {
        if operation.status == DONE {
            return error::of_operation(operation).map(|()| true);
        }
        let place = Waiter::enter(self, operation);
        let mut seen = place.seen.clone();
        let before = seen.borrow().0;
        loop {
            let asking = tokio::select! {
                biased;
                _ = seen.wait_for(|(times, end)| *times > before || end.is_some()) => None,
                asking = self.asking.lock() => Some(asking),
            };
            let (times, end) = seen.borrow().clone();
            match end {
                Some(End::Done(operation)) => return error::of_operation(&operation).map(|()| true),
                Some(End::Unknown) => return Ok(true),
                None if times > before => return Ok(false),
                None => {}
            }
            if asking.is_some() {
                self.ask_once().await?;
            }
        }
    }

    /// One round: after a pause, all operations that are waited for.
    async fn ask_once(&self) -> Result<()> {
        self.clock.sleep(PAUSE).await;
        let mut scopes: BTreeMap<Scope, Vec<String>> = BTreeMap::new();
        for (scope, name) in self.entries().keys() {
            scopes.entry(scope.clone()).or_default().push(name.clone());
        }
        for (scope, names) in scopes {
            for chunk in names.chunks(OPERATIONS_A_CALL) {
                let answers = self.ask(&scope, chunk).await?;
                self.tell(&scope, chunk, answers);
            }
        }
        Ok(())
    }

    async fn ask(&self, scope: &Scope, names: &[String]) -> Result<Vec<Operation>> {
        let alone = async |name: &String| match self.api.operation(scope, name).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        };
        if let [name] = names {
            return Ok(alone(name).await?.into_iter().collect());
        }
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut answers = self.api.operations(scope, &all).await?;
        for name in names {
            // Too new for the list, or forgotten: only its own address can say which.
            if !answers.iter().any(|answer| answer.name == *name) {
                answers.extend(alone(name).await?);
            }
        }
        Ok(answers)
    }

    fn tell(&self, scope: &Scope, names: &[String], answers: Vec<Operation>) {
        let mut answers: BTreeMap<String, Operation> = answers.into_iter().map(|one| (one.name.clone(), one)).collect();
        let entries = self.entries();
        for name in names {
            let Some(entry) = entries.get(&(scope.clone(), name.clone())) else { continue };
            let end = match answers.remove(name) {
                None => Some(End::Unknown),
                Some(operation) if operation.status == DONE => Some(End::Done(Box::new(operation))),
                Some(_) => None,
            };
            entry.seen.send_modify(|seen| *seen = (seen.0 + 1, end));
        }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<Key, Entry>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One waiter's place; dropping it leaves.
struct Waiter<'a> {
    operations: &'a Operations,
    key: Key,
    seen: watch::Receiver<(u64, Option<End>)>,
}

impl<'a> Waiter<'a> {
    fn enter(operations: &'a Operations, operation: &Operation) -> Self {
        let key = (Scope::of(operation), operation.name.clone());
        let mut entries = operations.entries();
        let entry =
            entries.entry(key.clone()).or_insert_with(|| Entry { waiters: 0, seen: watch::channel((0, None)).0 });
        entry.waiters += 1;
        let seen = entry.seen.subscribe();
        Self { operations, key, seen }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut entries = self.operations.entries();
        if let Some(entry) = entries.get_mut(&self.key) {
            entry.waiters -= 1;
            if entry.waiters == 0 {
                entries.remove(&self.key);
            }
        }
    }
}

/// What an operation's status says when it has ended, well or not.
const DONE: &str = "DONE";
/// How long a change waits for its operation: a snapshot of a large disk takes minutes.
const LIMIT: Duration = Duration::from_secs(600);
/// Between two rounds: a wait costs one call a second and zone, however many wait.
const PAUSE: Duration = Duration::from_secs(1);
