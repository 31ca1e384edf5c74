//! The wire between provider and cloud: requests wait, get lost, and are repeated where that does no harm.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use cloud_driver::Account;
use cloud_types::{Error, ErrorKind, Result};
use jiff::Timestamp;

use crate::cloud::Cloud;
use crate::error::{is_passing, is_unknown};
use crate::faults::{FaultKind, Operation};

/// One owner's way to the cloud. Clones share the cloud.
#[derive(Clone)]
pub(crate) struct Client {
    account: Account,
    line: Arc<Line>,
}

/// The cloud at the other end, and what the way there is like.
struct Line {
    cloud: Mutex<Cloud>,
    latency: Duration,
    patience: Duration,
}

impl Client {
    /// The way to a cloud, where a request travels for `latency` and is repeated for `patience`.
    pub(crate) fn new(account: &Account, cloud: Cloud, latency: Duration, patience: Duration) -> Self {
        Self { account: account.clone(), line: Arc::new(Line { cloud: Mutex::new(cloud), latency, patience }) }
    }

    /// Another owner's way to the same cloud.
    pub(crate) fn of(&self, account: &Account) -> Self {
        Self { account: account.clone(), line: self.line.clone() }
    }

    /// How long one call goes on repeating.
    pub(crate) fn patience(&self) -> Duration {
        self.line.patience
    }

    /// The cloud itself, for what is no request.
    pub(crate) fn cloud(&self) -> MutexGuard<'_, Cloud> {
        self.line.cloud.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One request, sent once, for what may not be done twice; it is repeated only where the cloud refused it for being one
    /// too many.
    ///
    /// # Errors
    /// `OutcomeUnknown` where it may have been carried out; else those of the cloud.
    pub(crate) async fn once<T: Send>(
        &self,
        operation: Operation,
        change: impl Fn(&mut Cloud, Timestamp) -> Result<T> + Send + Sync,
    ) -> Result<T> {
        let mut patience = self.account.patience(self.line.patience);
        loop {
            match self.request(operation, &change).await {
                Err(error) if error.kind() == ErrorKind::RateLimited => patience.wait(error).await?,
                Err(error) if is_unknown(&error) => return Err(error.with_kind(ErrorKind::OutcomeUnknown)),
                other => return other,
            }
        }
    }

    /// One request, repeated until it comes through or this call's patience ends: for what does no harm twice.
    pub(crate) async fn repeat<T: Send>(
        &self,
        operation: Operation,
        change: impl Fn(&mut Cloud, Timestamp) -> Result<T> + Send + Sync,
    ) -> Result<T> {
        let mut patience = self.account.patience(self.line.patience);
        loop {
            match self.request(operation, &change).await {
                Err(error) if is_passing(&error) => patience.wait(error).await?,
                other => return other,
            }
        }
    }

    /// Repeats a request until what it waits for, which `what` says, is there.
    pub(crate) async fn until<T: Send>(
        &self,
        what: &str,
        operation: Operation,
        look: impl Fn(&mut Cloud, Timestamp) -> Result<Option<T>> + Send + Sync,
    ) -> Result<T> {
        self.account.until(what, self.line.patience, || self.repeat(operation, &look)).await
    }

    /// One request. What `change` does is atomic; a future dropped on the way back has made the change.
    async fn request<T: Send>(
        &self,
        operation: Operation,
        change: impl FnOnce(&mut Cloud, Timestamp) -> Result<T> + Send,
    ) -> Result<T> {
        let fault = self.cloud().meet(operation);
        self.travel(fault).await;
        let answer = match fault.and_then(FaultKind::before) {
            Some(error) => Err(error),
            None => self.cloud().answer(fault, self.account.clock().now(), change),
        };
        self.travel(None).await;
        if fault == Some(FaultKind::NoAnswer) {
            self.account.clock().sleep(self.line.patience).await;
        }
        let answer = match fault.and_then(FaultKind::after) {
            Some(error) => Err(error),
            None => answer,
        };
        let outcome = answer.as_ref().err().map(Error::kind);
        tracing::debug!(?operation, owner = %self.account.owner(), ?fault, error = ?outcome, "request");
        answer
    }

    /// The way there or back. It always gives way to other tasks, so that races are real.
    async fn travel(&self, fault: Option<FaultKind>) {
        let takes = self.line.latency + fault.map_or(Duration::ZERO, FaultKind::delay);
        if takes.is_zero() {
            give_way().await;
        } else {
            self.account.clock().sleep(takes).await;
        }
    }
}

/// Lets other tasks run once.
async fn give_way() {
    let mut given = false;
    poll_fn(|context| {
        if given {
            return Poll::Ready(());
        }
        given = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
