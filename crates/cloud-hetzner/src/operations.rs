//! Waiting for Hetzner's *actions*: many waiters, 25 ids a call.

use std::sync::Arc;
use std::time::Duration;

use cloud_driver::{Account, Together};
use cloud_types::clock::within;
use cloud_types::{Error, ErrorKind, Result};

use crate::client::{ACTIONS_A_CALL, Api};
use crate::error::{Progress, progress};

/// All actions that somebody waits for.
#[derive(Debug)]
pub(crate) struct Operations {
    account: Account,
    api: Api,
    together: Together<u64, Arc<Progress>>,
}

impl Operations {
    pub(crate) fn new(account: &Account, api: &Api) -> Self {
        let together = Together::new(account.shared_clock(), GATHER, ACTIONS_A_CALL);
        Self { account: account.clone(), api: api.clone(), together }
    }

    /// Waits until an action has ended, as long as the caller lets it; how it failed is the inner result.
    ///
    /// An action that Hetzner does not know for longer than lists lag is taken for done: what it did is to be seen on the
    /// thing itself.
    ///
    /// # Errors
    /// Where asking fails: the action goes on.
    pub(crate) async fn wait(&self, id: u64) -> Result<Result<(), Error>> {
        let begun = self.account.clock().monotonic();
        loop {
            self.account.pause().await;
            let seen = self.together.ask(id, |ids| self.ask(ids)).await?;
            match seen.as_deref() {
                Some(Progress::Done) => return Ok(Ok(())),
                Some(Progress::Failed(error)) => return Ok(Err(error.clone())),
                None if self.account.clock().monotonic().saturating_sub(begun) >= self.account.lag() => {
                    return Ok(Ok(()));
                }
                Some(Progress::Running) | None => {}
            }
        }
    }

    /// Waits until an action has succeeded that was just accepted, for ten minutes at most.
    pub(crate) async fn finish(&self, (id, progress): (u64, Progress)) -> Result<()> {
        match progress {
            Progress::Done => Ok(()),
            Progress::Failed(error) => Err(error),
            Progress::Running => within(self.account.clock(), LIMIT, self.wait(id)).await.unwrap_or_else(|| {
                Err(Error::new(ErrorKind::Timeout, format!("the action {id} is not done after {LIMIT:?}")))
            })?,
        }
    }

    async fn ask(&self, ids: Vec<u64>) -> Result<Vec<(u64, Arc<Progress>)>> {
        let actions = self.api.actions(&ids).await?;
        Ok(actions.iter().map(progress).map(|(id, progress)| (id, Arc::new(progress))).collect())
    }
}

/// How long an operation waits for its action: copying a large disk takes minutes.
const LIMIT: Duration = Duration::from_secs(600);
/// How long one call waits for others to join it. With the pace of [`reader`](crate::reader) together: at most 8 calls a
/// second.
const GATHER: Duration = Duration::from_millis(250);
