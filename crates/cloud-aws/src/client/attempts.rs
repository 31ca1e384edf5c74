//! How a call is sent: by the same policy of repeats as in every other provider's crate, since the SDK would repeat a lack
//! of capacity, which EC2 reports as a failure of its own. Each attempt is signed again.

use std::sync::PoisonError;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use cloud_driver::Settings;
use cloud_http::{Attempt, Conflicts, Executed, Outcome, Repeat, Verdict};
use cloud_types::clock::within;
use cloud_types::{Error, ErrorKind, Region, Result};
use futures::future::BoxFuture;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;
use tracing::{Instrument, debug, debug_span, warn};

use super::Api;
use crate::error::{self, Failure};

/// A request of the SDK on its way.
pub(crate) trait Sent:
    Future<Output = Result<Self::Done, SdkError<Self::Refused, HttpResponse>>> + Send
{
    type Done: Send;
    type Refused: ProvideErrorMetadata + Send;
}

impl<F, O, E> Sent for F
where
    F: Future<Output = Result<O, SdkError<E, HttpResponse>>> + Send,
    E: ProvideErrorMetadata + Send,
    O: Send,
{
    type Done = O;
    type Refused = E;
}

/// How a call failed at last.
struct Ended {
    error: Error,
    /// Whether any attempt may have been carried out, not only the last.
    maybe_done: bool,
}

impl Api {
    /// A call of EC2 in a region that changes nothing, or that may be sent twice.
    ///
    /// Boxed, as [`run`](Self::run) is: the SDK's futures are as large as 50 KB.
    pub(crate) fn call<'a, S: Sent + 'a>(
        &'a self,
        operation: &'static str,
        region: &'a Region,
        send: impl Fn(Client) -> S + Send + Sync + 'a,
    ) -> BoxFuture<'a, Result<S::Done>> {
        Box::pin(async move {
            let client = self.ec2(region).await?;
            self.run(operation, region, || send(client.clone())).await
        })
    }

    /// As [`call`](Self::call), for one that makes something: where an earlier attempt may have been carried out, an error
    /// that does not come of its token is `OutcomeUnknown`.
    pub(crate) async fn create<'a, S: Sent + 'a>(
        &'a self,
        operation: &'static str,
        region: &'a Region,
        send: impl Fn(Client) -> S + Send + Sync + 'a,
    ) -> Result<S::Done> {
        use ErrorKind::{PermissionDenied, RateLimited, Timeout, Unauthenticated, Unavailable, Unexpected};
        let client = self.ec2(region).await?;
        let ended = self.run_told(operation, region, || send(client.clone())).await;
        ended.map_err(|Ended { error, maybe_done }| match error.kind() {
            PermissionDenied | RateLimited | Timeout | Unauthenticated | Unavailable | Unexpected if maybe_done => {
                error.with_kind(ErrorKind::OutcomeUnknown)
            }
            _ => error,
        })
    }

    /// Runs a call of any service to its end, which may be sent twice: repeats it within its deadline.
    pub(crate) async fn run<'a, S: Sent + 'a>(
        &'a self,
        operation: &'static str,
        region: &'a Region,
        send: impl Fn() -> S + Send + Sync + 'a,
    ) -> Result<S::Done> {
        self.run_told(operation, region, send).await.map_err(|ended| ended.error)
    }

    fn run_told<'a, S: Sent + 'a>(
        &'a self,
        operation: &'static str,
        region: &'a Region,
        send: impl Fn() -> S + Send + Sync + 'a,
    ) -> BoxFuture<'a, Result<S::Done, Ended>> {
        Box::pin(async move {
            // Allow-listed: nothing of what is sent.
            let span = debug_span!("call", provider = %crate::ID, operation, %region);
            let attempts = self.attempts(|| {
                let sent = Box::pin(send()).with_subscriber(NoSubscriber::new());
                async move { sent.await.map_err(error::of_sdk) }
            });
            attempts.instrument(span).await.map_err(|ended| {
                let error = ended.error.with_provider(&crate::ID).with_operation(operation);
                Ended { error, ..ended }
            })
        })
    }

    async fn attempts<O, F>(&self, send: impl Fn() -> F + Send + Sync) -> Result<O, Ended>
    where
        F: Future<Output = Result<O, Failure>> + Send,
    {
        let Settings { clock, deadline, .. } = &self.0.settings;
        let started = clock.monotonic();
        let (mut attempts, mut garbled, mut maybe_done) = (0, 0, false);
        loop {
            attempts += 1;
            let left = || deadline.saturating_sub(clock.monotonic().saturating_sub(started));
            let limit = self.0.retry.time_for_attempt(left());
            let answer = within(&**clock, limit, send()).await;
            let failure = match answer.unwrap_or_else(|| Err(Failure::unanswered("no answer in the time given"))) {
                Ok(output) => {
                    debug!(attempt = attempts, "succeeded");
                    return Ok(output);
                }
                Err(failure) => failure,
            };
            garbled += u32::from(failure.outcome == Outcome::Garbled);
            let Failure { outcome, error } = failure;
            maybe_done |= !matches!(outcome, Outcome::NotSent | Outcome::Refused { executed: Executed::No, .. });
            let (repeat, conflicts) = (Repeat::Harmless, Conflicts::Return);
            let attempt = Attempt { outcome, repeat, conflicts, hint: None, attempts, garbled, left: left() };
            let (status, code) = (error.status(), error.code());
            match self.0.retry.verdict(&attempt, self.roll()) {
                Verdict::RetryAfter(wait) => {
                    warn!(attempt = attempts, status, code, ?outcome, ?wait, "failed, trying again");
                    clock.sleep(wait).await;
                }
                verdict => {
                    debug!(attempt = attempts, status, code, ?outcome, "failed");
                    let error = match verdict {
                        Verdict::GiveUp(kind) => error::given_up(kind, error),
                        Verdict::Return | Verdict::RetryAfter(_) => error,
                    };
                    return Err(Ended { error, maybe_done });
                }
            }
        }
    }

    /// A random number in 0..1.
    fn roll(&self) -> f64 {
        self.0.random.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }
}
