//! One function per API call: the SDK's types in and out. What EC2 calls its actions and fields is here and nowhere else.
//!
//! The functions stand in one file a resource; this one holds what they share. The SDK builds, signs and parses; whether
//! and when a call is repeated is decided here, by the same policy as in every other provider's crate, since the SDK would
//! repeat a lack of capacity, which EC2 reports as a failure of its own. Each attempt is signed anew.

mod catalog;
#[cfg(test)]
mod documented;
mod groups;
mod images;
mod instances;
mod keys;
mod places;
mod prices;
mod snapshots;
mod volumes;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::Filter;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use cloud_http::{Attempt, Conflicts, Executed, Outcome, Repeat, RetryPolicy, Transport, Verdict};
use cloud_types::clock::within;
use cloud_types::{Clock, Error, ErrorKind, Region, Result};
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::sync::OnceCell;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;
use tracing::{Instrument, debug, debug_span, warn};

use crate::auth::Identity;
use crate::catalog::Cached;
use crate::convert;
use crate::error::{self, Failure};
use crate::http::{Connector, SdkClock};

pub(crate) use images::NewImage;
pub(crate) use volumes::NewVolume;

/// AWS' APIs, of all regions. Clones share connections and credentials.
#[derive(Clone)]
pub(crate) struct Api(Arc<Inner>);

/// What an [`Api`] is made of.
pub(crate) struct Settings {
    pub(crate) identity: Identity,
    pub(crate) endpoint: Option<String>,
    pub(crate) ec2_endpoint: Option<String>,
    /// The regions to go through; none stands for all that the account has enabled.
    pub(crate) regions: Vec<Region>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) deadline: Duration,
    pub(crate) seed: Option<u64>,
}

struct Inner {
    settings: Settings,
    sdk: OnceCell<SdkConfig>,
    clients: Mutex<HashMap<Region, Client>>,
    enabled: Cached<Vec<Region>>,
    retry: RetryPolicy,
    random: Mutex<fastrand::Rng>,
}

/// How a call failed at last.
struct Ended {
    error: Error,
    /// Whether any attempt may have been carried out, not only the last.
    maybe_done: bool,
}

impl Api {
    pub(crate) fn new(settings: Settings) -> Self {
        let random = settings.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        Self(Arc::new(Inner {
            settings,
            sdk: OnceCell::new(),
            clients: Mutex::default(),
            enabled: Cached::default(),
            retry: RetryPolicy::default(),
            random: Mutex::new(random),
        }))
    }

    /// The SDK's settings for a region, with which a client of any of its services is made.
    pub(crate) async fn sdk(&self, region: &Region) -> Result<SdkConfig> {
        if !convert::is_region(region.as_str()) {
            return Err(Error::invalid("region", format!("must be a region such as eu-west-1, got {region}")));
        }
        let config = self.loaded().await?;
        let region = aws_sdk_ec2::config::Region::new(region.to_string());
        Ok(config.to_builder().region(region).build())
    }

    async fn loaded(&self) -> Result<&SdkConfig> {
        self.0.sdk.get_or_try_init(|| Box::pin(self.load())).await
    }

    async fn load(&self) -> Result<SdkConfig> {
        let Settings { identity, endpoint, regions, transport, clock, deadline, .. } = &self.0.settings;
        let first = regions.first().map(Region::as_str);
        let connector = Connector::new(transport.clone(), clock.clone());
        // Its own log may hold what must not be told, here and below.
        let config = Box::pin(identity.load(first, connector, SdkClock(clock.clone())));
        let config = within(&**clock, *deadline, config.with_subscriber(NoSubscriber::new())).await;
        let late = || Error::new(ErrorKind::Timeout, "the AWS configuration was not loaded before the deadline");
        let config = config.ok_or_else(late)?;
        Ok(match endpoint {
            Some(url) => config.into_builder().endpoint_url(url).build(),
            None => config,
        })
    }

    /// The region whose own services stand for the account: the first of the settings', else the environment's.
    pub(crate) async fn home(&self) -> Result<Region> {
        let region = self.loaded().await?.region().map(ToString::to_string);
        Region::new(region.unwrap_or_default())
    }

    async fn ec2(&self, region: &Region) -> Result<Client> {
        let known = |clients: &Mutex<HashMap<Region, Client>>| {
            clients.lock().unwrap_or_else(PoisonError::into_inner).get(region).cloned()
        };
        if let Some(client) = known(&self.0.clients) {
            return Ok(client);
        }
        let config = aws_sdk_ec2::config::Builder::from(&self.sdk(region).await?);
        let client = Client::from_conf(match &self.0.settings.ec2_endpoint {
            Some(url) => config.endpoint_url(url).build(),
            None => config.build(),
        });
        let mut clients = self.0.clients.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(clients.entry(region.clone()).or_insert(client).clone())
    }

    /// All regions to go through.
    pub(crate) async fn regions(&self) -> Result<Vec<Region>> {
        if !self.0.settings.regions.is_empty() {
            return Ok(self.0.settings.regions.clone());
        }
        let enabled = self.0.enabled.get(&*self.0.settings.clock, REGIONS_FRESH, Box::pin(self.enabled_regions()));
        Ok(enabled.await?.to_vec())
    }

    /// Refuses a region that lists do not go through: what is made there would not be found again.
    pub(crate) async fn check_region(&self, region: &Region) -> Result<()> {
        if self.regions().await?.contains(region) {
            return Ok(());
        }
        Err(Error::invalid(
            "region",
            format!("must be one that the account has enabled and the settings name, got {region}"),
        ))
    }

    /// Asks every region the same, some at a time, and joins the answers. A region that does not answer fails the whole:
    /// a list is never short.
    pub(crate) async fn everywhere<T, F>(&self, ask: impl Fn(Region) -> F + Send + Sync) -> Result<Vec<T>>
    where
        F: Future<Output = Result<Vec<T>>> + Send,
        T: Send,
    {
        let regions = self.regions().await?;
        let ask = |region: Region| {
            let asked = ask(region.clone());
            async move { asked.await.map_err(|error| self.told_of(&region, error)) }
        };
        let answers: Vec<Vec<T>> = stream::iter(regions).map(ask).buffered(REGIONS_AT_ONCE).try_collect().await?;
        Ok(answers.into_iter().flatten().collect())
    }

    /// Names the region that failed a call to all.
    fn told_of(&self, region: &Region, error: Error) -> Error {
        error.with_context(match self.0.settings.regions.is_empty() {
            true => format!("in {region}, which is not asked where `Config::regions` names others"),
            false => format!("in {region}"),
        })
    }

    /// A call of EC2 in a region that changes nothing, or that may be sent twice.
    ///
    /// Boxed, as [`run`](Self::run) is: the SDK's futures are as large as 50 KB.
    pub(crate) fn call<'a, O, E, F>(
        &'a self,
        operation: &'static str,
        region: &'a Region,
        send: impl Fn(Client) -> F + Send + Sync + 'a,
    ) -> BoxFuture<'a, Result<O>>
    where
        F: Future<Output = Result<O, SdkError<E, HttpResponse>>> + Send + 'a,
        E: ProvideErrorMetadata + Send + 'a,
        O: Send + 'a,
    {
        Box::pin(async move {
            let client = self.ec2(region).await?;
            self.run(operation, region, Repeat::Harmless, || send(client.clone())).await
        })
    }

    /// As [`call`](Self::call), for one that makes something: where an earlier attempt may have been carried out, an error
    /// that does not come of its token is `OutcomeUnknown`.
    pub(crate) async fn create<'a, O, E, F>(
        &'a self,
        operation: &'static str,
        region: &'a Region,
        send: impl Fn(Client) -> F + Send + Sync + 'a,
    ) -> Result<O>
    where
        F: Future<Output = Result<O, SdkError<E, HttpResponse>>> + Send + 'a,
        E: ProvideErrorMetadata + Send + 'a,
        O: Send + 'a,
    {
        use ErrorKind::{PermissionDenied, RateLimited, Timeout, Unauthenticated, Unavailable, Unexpected};
        let client = self.ec2(region).await?;
        let ended = self.run_told(operation, region, Repeat::Harmless, || send(client.clone())).await;
        ended.map_err(|Ended { error, maybe_done }| match error.kind() {
            PermissionDenied | RateLimited | Timeout | Unauthenticated | Unavailable | Unexpected if maybe_done => {
                error.with_kind(ErrorKind::OutcomeUnknown)
            }
            _ => error,
        })
    }

    /// Runs a call of any service to its end: repeats what may be repeated, within its deadline.
    pub(crate) fn run<'a, O, E, F>(
        &'a self,
        operation: &'static str,
        region: &'a Region,
        repeat: Repeat,
        send: impl Fn() -> F + Send + Sync + 'a,
    ) -> BoxFuture<'a, Result<O>>
    where
        F: Future<Output = Result<O, SdkError<E, HttpResponse>>> + Send + 'a,
        E: ProvideErrorMetadata + Send + 'a,
        O: Send + 'a,
    {
        Box::pin(async move {
            let ended = self.run_told(operation, region, repeat, send).await;
            ended.map_err(|ended| ended.error)
        })
    }

    fn run_told<'a, O, E, F>(
        &'a self,
        operation: &'static str,
        region: &'a Region,
        repeat: Repeat,
        send: impl Fn() -> F + Send + Sync + 'a,
    ) -> BoxFuture<'a, Result<O, Ended>>
    where
        F: Future<Output = Result<O, SdkError<E, HttpResponse>>> + Send + 'a,
        E: ProvideErrorMetadata + Send + 'a,
        O: Send + 'a,
    {
        Box::pin(async move {
            // Allow-listed: nothing of what is sent.
            let span = debug_span!("call", provider = %crate::ID, operation, %region);
            let attempts = self.attempts(repeat, || {
                let sent = Box::pin(send()).with_subscriber(NoSubscriber::new());
                async move { sent.await.map_err(error::of_sdk) }
            });
            let ended = attempts.instrument(span).await;
            ended.map_err(|ended| {
                let error = ended.error.with_provider(&crate::ID).with_operation(operation);
                Ended { error, ..ended }
            })
        })
    }

    async fn attempts<O, F>(&self, repeat: Repeat, send: impl Fn() -> F + Send + Sync) -> Result<O, Ended>
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
            let conflicts = Conflicts::Return;
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

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { identity, endpoint, regions, deadline, .. } = &self.0.settings;
        f.debug_struct("Api")
            .field("identity", identity)
            .field("endpoint", endpoint)
            .field("regions", regions)
            .field("deadline", deadline)
            .finish_non_exhaustive()
    }
}

/// Reads every page of a list: `page` takes a token and answers items and the next token. A token that comes again is an
/// error, so a list cannot go on for ever.
pub(crate) async fn all_pages<T, F>(page: impl Fn(Option<String>) -> F + Send + Sync) -> Result<Vec<T>>
where
    F: Future<Output = Result<(Vec<T>, Option<String>)>> + Send,
    T: Send,
{
    let (mut items, mut seen, mut next) = (Vec::new(), HashSet::new(), None::<String>);
    loop {
        let (more, following) = page(next.take()).await?;
        items.extend(more);
        match following.filter(|token| !token.is_empty()) {
            None => return Ok(items),
            Some(token) if seen.insert(token.clone()) && seen.len() < MAX_PAGES => next = Some(token),
            Some(_) => return Err(Error::new(ErrorKind::Unexpected, "a list repeats a page or never ends")),
        }
    }
}

/// A filter of a list: any of the values
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html>). `*` and `?` in a value are wildcards,
/// which no name, owner or id of ours holds.
pub(crate) fn filter<V: Into<String>>(name: impl Into<String>, values: impl IntoIterator<Item = V>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(Into::into).collect())).build()
}

/// A filter by a tag's value.
pub(crate) fn tagged(key: &str, value: &str) -> Filter {
    filter(format!("tag:{key}"), [value])
}

/// The most values that a filter takes.
pub(crate) const FILTER_VALUES: usize = 200;
/// The most items that a page of most lists holds
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html>).
pub(crate) const PER_PAGE: i32 = 1000;
/// A million and more items.
const MAX_PAGES: usize = 2_000;
/// How long the list of enabled regions is believed.
const REGIONS_FRESH: Duration = Duration::from_secs(3600);
/// How many regions are asked at a time.
pub(crate) const REGIONS_AT_ONCE: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_page_of_a_list_is_read_and_a_repeated_token_is_an_error() {
        let whole = all_pages(|token| async move {
            Ok(match token.as_deref() {
                None => (vec![1, 2], Some("a".to_owned())),
                Some("a") => (vec![3], Some("b".to_owned())),
                _ => (vec![4], Some(String::new())),
            })
        });
        assert_eq!(whole.await.unwrap(), [1, 2, 3, 4]);
        let endless = all_pages(|_| async { Ok((vec![1], Some("a".to_owned()))) });
        assert_eq!(endless.await.unwrap_err().kind(), ErrorKind::Unexpected);
    }
}
