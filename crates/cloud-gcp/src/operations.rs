//! Waiting for operations: many waiters, one call a scope.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cloud_driver::{Account, Together, found};
use cloud_types::clock::within;
use cloud_types::{Error, ErrorKind, Result};

use crate::client::{Api, OPERATIONS_A_CALL, any_of};
use crate::place::Scope;
use crate::seen::Begun;

/// All operations that somebody waits for.
#[derive(Debug, Clone)]
pub(crate) struct Operations {
    account: Account,
    api: Api,
    together: Arc<Together<Key, Arc<Begun>>>,
}

/// Where an operation is kept, and its name.
type Key = (Scope, String);

impl Operations {
    pub(crate) fn new(account: &Account, api: &Api) -> Self {
        let together = Arc::new(Together::new(account.shared_clock(), PAUSE, usize::MAX));
        Self { account: account.clone(), api: api.clone(), together }
    }

    /// Makes a change, and waits until it has succeeded.
    pub(crate) async fn finish<O: Into<Begun>>(&self, change: impl Future<Output = Result<O>> + Send) -> Result<()> {
        self.wait(&change.await?.into()).await
    }

    /// Waits until an operation has succeeded, for [`LIMIT`] at most.
    pub(crate) async fn wait(&self, begun: &Begun) -> Result<()> {
        within(self.account.clock(), LIMIT, self.ended(begun)).await.unwrap_or_else(|| {
            let message = format!("the operation {} is not done after {LIMIT:?}", begun.kind);
            Err(Error::new(ErrorKind::Timeout, message))
        })?
    }

    /// Waits until an operation has ended, as long as the caller lets it; how it failed is the inner result. One that Google no
    /// longer knows is taken for done: what it did is to be seen on the thing itself.
    ///
    /// # Errors
    /// Where asking fails: the operation goes on.
    pub(crate) async fn ended(&self, begun: &Begun) -> Result<Result<()>> {
        loop {
            if let Some(ended) = self.look(begun).await? {
                return Ok(ended);
            }
        }
    }

    /// Looks once, together with others that look: how the operation has ended, if it has.
    pub(crate) async fn look(&self, begun: &Begun) -> Result<Option<Result<()>>> {
        if begun.ended.is_some() {
            return Ok(begun.ended.clone());
        }
        let key = (begun.scope.clone(), begun.name.clone());
        let seen = self.together.ask(key, |keys| self.ask_all(keys)).await?;
        Ok(seen.map_or(Some(Ok(())), |seen| seen.ended.clone()))
    }

    async fn ask_all(&self, keys: Vec<Key>) -> Result<Vec<(Key, Arc<Begun>)>> {
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

    async fn ask(&self, scope: &Scope, names: &[String]) -> Result<Vec<Begun>> {
        let mut answers: Vec<Begun> = match names {
            [_] => Vec::new(),
            several => {
                let filter = any_of("name", several.iter().map(String::as_str));
                self.api.operations(scope, &filter).await?.into_iter().map(Begun::from).collect()
            }
        };
        for name in names {
            // Too new for the list, or forgotten: only its own address can say which.
            if !answers.iter().any(|answer| answer.name == *name) {
                answers.extend(found(self.api.operation(scope, name).await)?.map(Begun::from));
            }
        }
        Ok(answers)
    }
}

/// How long a change waits for its operation: a snapshot of a large disk takes minutes.
const LIMIT: Duration = Duration::from_secs(600);
/// Between two rounds: a wait costs one call a second and zone, however many wait.
const PAUSE: Duration = Duration::from_secs(1);
