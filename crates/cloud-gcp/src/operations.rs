//! Waiting for operations: many waiters, one call a scope.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cloud_http::Together;
use cloud_types::clock::within;
use cloud_types::{Clock, Error, ErrorKind, Result};

use crate::client::{Api, OPERATIONS_A_CALL, Scope};
use crate::error;
use crate::wire::Operation;

/// All operations that somebody waits for.
#[derive(Debug)]
pub(crate) struct Operations {
    api: Api,
    clock: Arc<dyn Clock>,
    together: Together<Key, Arc<Operation>>,
}

/// Where an operation is kept, and its name.
type Key = (Scope, String);

impl Operations {
    pub(crate) fn new(api: Api, clock: Arc<dyn Clock>) -> Self {
        let together = Together::new(clock.clone(), PAUSE, usize::MAX);
        Self { api, clock, together }
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
        let key = (Scope::of(operation), operation.name.clone());
        match self.together.ask(key, |keys| self.ask_all(keys)).await? {
            Some(seen) if seen.status == DONE => error::of_operation(&seen).map(|()| true),
            Some(_) => Ok(false),
            // Google does not know it any more.
            None => Ok(true),
        }
    }

    async fn ask_all(&self, keys: Vec<Key>) -> Result<Vec<(Key, Arc<Operation>)>> {
        let mut scopes: BTreeMap<Scope, Vec<String>> = BTreeMap::new();
        for (scope, name) in keys {
            scopes.entry(scope).or_default().push(name);
        }
        let mut all = Vec::new();
        for (scope, names) in scopes {
            for chunk in names.chunks(OPERATIONS_A_CALL) {
                let answers = self.ask(&scope, chunk).await?;
                all.extend(answers.into_iter().map(|one| ((scope.clone(), one.name.clone()), Arc::new(one))));
            }
        }
        Ok(all)
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
}

/// What an operation's status says when it has ended, well or not.
const DONE: &str = "DONE";
/// How long a change waits for its operation: a snapshot of a large disk takes minutes.
const LIMIT: Duration = Duration::from_secs(600);
/// Between two rounds: a wait costs one call a second and zone, however many wait.
const PAUSE: Duration = Duration::from_secs(1);
