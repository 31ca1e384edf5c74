//! Whose hosts a provider value speaks for, on which clock, and the bound of all that it does.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use cloud_types::clock::within;
use cloud_types::{Capabilities, Clock, Error, ErrorKind, Owner, ProviderId, Result};
use futures::future::{BoxFuture, FutureExt};

use crate::sabotage::{Promise, is_broken};

/// One owner's view of one account of a provider. Clones are cheap.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use cloud_driver::Account;
/// use cloud_types::{Capabilities, Owner, ProviderId, Result, SystemClock};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let account = Account::new(ProviderId::new("acme"), Owner::default(), Arc::new(SystemClock), Capabilities::none());
/// let stop = async {
///     // Calls of the API come here; then:
///     account.until("the host is stopped", Duration::from_secs(60), || async { Ok(Some(())) }).await
/// };
/// account.call("stop_host", stop).await
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Account(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    provider: ProviderId,
    owner: Owner,
    clock: Arc<dyn Clock>,
    capabilities: Capabilities,
    limit: Duration,
    pace: RangeInclusive<Duration>,
}

impl Account {
    /// An account whose operations take at most an hour, and that is looked at about once a second.
    #[must_use]
    pub fn new(provider: ProviderId, owner: Owner, clock: Arc<dyn Clock>, capabilities: Capabilities) -> Self {
        let pace = Duration::from_secs(1)..=Duration::from_secs(1);
        Self(Arc::new(Inner { provider, owner, clock, capabilities, limit: LIMIT, pace }))
    }

    /// Looks again after pauses of these lengths: the shortest first, each twice the one before.
    #[must_use]
    pub fn pace(self, pace: RangeInclusive<Duration>) -> Self {
        let Inner { provider, owner, clock, capabilities, limit, .. } = &*self.0;
        let (provider, owner, clock, capabilities) =
            (provider.clone(), owner.clone(), clock.clone(), capabilities.clone());
        Self(Arc::new(Inner { provider, owner, clock, capabilities, limit: *limit, pace }))
    }

    /// The provider.
    #[must_use]
    pub fn provider(&self) -> &ProviderId {
        &self.0.provider
    }

    /// Whose hosts these are.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.0.owner
    }

    /// The clock that everything waits on.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// The clock, for what keeps one of its own.
    #[must_use]
    pub fn shared_clock(&self) -> Arc<dyn Clock> {
        self.0.clock.clone()
    }

    /// What the provider can do, and its limits.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    /// How long a change may not be shown yet.
    #[must_use]
    pub fn lag(&self) -> Duration {
        self.0.capabilities.read_lag
    }

    /// Runs one operation of the contract. It ends within an hour, whatever its calls do: each of them has a shorter
    /// deadline, but there may be many, and each may wait for its place in a request budget. Its error names the provider
    /// and the operation.
    ///
    /// # Errors
    /// Those of the operation; `Timeout` past the bound.
    pub fn call<'a, T: Send + 'a>(
        &'a self,
        operation: &'static str,
        work: impl Future<Output = Result<T>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T>> {
        let work = work.boxed(); // large: it holds a whole operation
        async move {
            let limit = self.0.limit * if is_broken(Promise::OperationEnds) { 1_000_000 } else { 1 };
            let timeout = || Err(Error::new(ErrorKind::Timeout, format!("not done after {limit:?}: repeat the call")));
            self.named(operation, within(self.clock(), limit, work).await.unwrap_or_else(timeout))
        }
        .boxed()
    }

    /// Names the provider and the operation in an error, for what makes no call.
    ///
    /// # Errors
    /// The error, with both names.
    pub fn named<T>(&self, operation: &'static str, result: Result<T>) -> Result<T> {
        result.map_err(|error| error.with_provider(&self.0.provider).with_operation(operation))
    }

    /// The right to look again for so long.
    #[must_use]
    pub fn patience(&self, limit: Duration) -> Patience<'_> {
        let next = *self.0.pace.start();
        Patience { account: self, until: self.clock().monotonic() + limit, next, least: 0 }
    }

    /// Looks until there is an answer, at most for `limit`, but some times also where the looks themselves take longer.
    ///
    /// # Errors
    /// Those of `look`; `Timeout` where the limit passes first, whose message says what was waited for.
    pub async fn until<T, F>(&self, what: &str, limit: Duration, look: impl Fn() -> F + Send + Sync) -> Result<T>
    where
        F: Future<Output = Result<Option<T>>> + Send,
        T: Send,
    {
        let mut patience = self.patience(limit).at_least(LOOKS);
        loop {
            if let Some(answer) = look().await? {
                return Ok(answer);
            }
            let message = format!("waited {limit:?} until {what}, and it is not yet so: repeat the call");
            patience.wait(Error::new(ErrorKind::Timeout, message)).await?;
        }
    }

    /// Pauses for about as long as between two looks.
    pub async fn pause(&self) {
        self.clock().sleep(jittered(*self.0.pace.end())).await;
    }
}

/// A loop's deadline and its pauses, on the account's clock.
#[derive(Debug)]
pub struct Patience<'a> {
    account: &'a Account,
    until: Duration,
    next: Duration,
    least: u32,
}

impl Patience<'_> {
    /// Looks again so often at least, also where the looks themselves take all the time.
    #[must_use]
    pub fn at_least(mut self, looks: u32) -> Self {
        self.least = looks;
        self
    }

    /// Pauses before the next look, as long as the provider asked for or a little longer each time.
    ///
    /// # Errors
    /// `error` itself, where the deadline would pass in the pause.
    pub async fn wait(&mut self, error: Error) -> Result<()> {
        let clock = self.account.clock();
        let pause = jittered(self.next).max(error.retry_after().unwrap_or_default());
        if self.least == 0 && clock.monotonic() + pause > self.until {
            return Err(error);
        }
        self.least = self.least.saturating_sub(1);
        self.next = (self.next * 2).min(*self.account.0.pace.end());
        clock.sleep(pause).await;
        Ok(())
    }
}

/// Spreads pauses by a quarter up and down, so that many waiters do not meet.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.75 + fastrand::f64() / 2.0)
}

/// How often a look is repeated at least.
const LOOKS: u32 = 3;
/// How long one operation may take.
const LIMIT: Duration = Duration::from_secs(3600);

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use cloud_types::SystemClock;

    use super::*;

    /// An account of no provider, on paused time.
    pub(crate) fn account() -> Account {
        Account::new(ProviderId::new("acme"), Owner::default(), Arc::new(SystemClock), Capabilities::none())
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_that_gets_no_answer_ends_by_its_bound() {
        let account = account();
        let error = account.call("get_host", std::future::pending::<Result<()>>()).await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Timeout, Some("get_host")));
        assert_eq!(error.provider().map(ProviderId::as_str), Some("acme"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_is_repeated_until_it_has_an_answer_or_the_time_is_over() {
        let (account, looks) = (account(), AtomicU32::new(0));
        let third = || async { Ok((looks.fetch_add(1, Ordering::Relaxed) == 2).then_some(7)) };
        assert_eq!(account.until("seven is there", Duration::from_secs(10), third).await.unwrap(), 7);
        let never = || async { Ok(None::<()>) };
        let error = account.until("nothing is there", Duration::from_secs(10), never).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.message().contains("nothing is there"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_patience_outlives_its_time_for_the_looks_that_it_owes() {
        let account = account();
        let mut patience = account.patience(Duration::ZERO).at_least(2);
        let busy = || Error::new(ErrorKind::Conflict, "busy");
        assert!(patience.wait(busy()).await.is_ok() && patience.wait(busy()).await.is_ok());
        assert_eq!(patience.wait(busy()).await.unwrap_err().message(), "busy");
    }
}
