//! The wire between provider and cloud: requests wait, get lost, and are repeated where that does no harm.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use cloud_types::{Error, Result};
use jiff::Timestamp;

use crate::cloud::Cloud;
use crate::error::is_passing;
use crate::faults::FaultKind;
use crate::{Local, Operation};

impl Local {
    /// One request, sent once. What `change` does is atomic; a future dropped on the way back has made the change.
    pub(crate) async fn request<T: Send>(
        &self,
        operation: Operation,
        change: impl FnOnce(&mut Cloud, Timestamp) -> Result<T> + Send,
    ) -> Result<T> {
        let fault = self.cloud().meet(operation);
        self.travel(fault).await;
        let answer = match fault.and_then(FaultKind::before) {
            Some(error) => Err(error),
            None => self.cloud().answer(fault, self.account.clock.now(), change),
        };
        self.travel(None).await;
        let answer = match fault.and_then(FaultKind::after) {
            Some(error) => Err(error),
            None => answer,
        };
        let outcome = answer.as_ref().err().map(Error::kind);
        tracing::debug!(?operation, owner = %self.owner, ?fault, error = ?outcome, "request");
        answer
    }

    /// One request, repeated until it comes through or this call's patience ends: for what does no harm twice.
    pub(crate) async fn repeat<T: Send>(
        &self,
        operation: Operation,
        change: impl Fn(&mut Cloud, Timestamp) -> Result<T> + Send + Sync,
    ) -> Result<T> {
        let mut patience = self.patience();
        loop {
            match self.request(operation, &change).await {
                Err(error) if is_passing(&error) => patience.wait(error).await?,
                other => return other,
            }
        }
    }

    /// Repeats a request until it answers that what it waits for is there.
    pub(crate) async fn until<T: Send>(
        &self,
        operation: Operation,
        look: impl Fn(&mut Cloud, Timestamp) -> Result<Option<T>> + Send + Sync,
    ) -> Result<T> {
        self.repeat(operation, |cloud, now| look(cloud, now)?.ok_or_else(|| crate::error::locked("it is not done yet")))
            .await
    }

    pub(crate) fn patience(&self) -> Patience<'_> {
        Patience { local: self, started: self.account.clock.monotonic(), pause: FIRST_PAUSE }
    }

    pub(crate) async fn sleep(&self, duration: Duration) {
        self.account.clock.sleep(duration).await;
    }

    /// The way there or back. It always gives way to other tasks, so that races are real.
    async fn travel(&self, fault: Option<FaultKind>) {
        let takes = self.account.latency + fault.map_or(Duration::ZERO, FaultKind::delay);
        if takes.is_zero() {
            give_way().await;
        } else {
            self.sleep(takes).await;
        }
    }
}

/// How long one call goes on repeating, and how long it pauses between.
pub(crate) struct Patience<'a> {
    local: &'a Local,
    started: Duration,
    pause: Duration,
}

impl Patience<'_> {
    /// Pauses before a repeat, as long as the cloud asks for or a little longer each time.
    ///
    /// # Errors
    /// `error` itself, where the patience would end in the pause.
    pub(crate) async fn wait(&mut self, error: Error) -> Result<()> {
        let pause = self.pause.mul_f64(0.5 + 0.5 * fastrand::f64()).max(error.retry_after().unwrap_or_default());
        let elapsed = self.local.account.clock.monotonic().saturating_sub(self.started);
        if elapsed + pause > self.local.account.patience {
            return Err(error);
        }
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        self.local.sleep(pause).await;
        Ok(())
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

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
