//! One function per API call: the SDK's types in and out. What EC2 calls its actions and fields is here and nowhere else.
//!
//! The functions stand in one file a resource; this one holds what they share: the SDK's settings and the regions. The SDK
//! builds, signs and parses; whether and when a call is repeated is decided in `attempts`, and `list` follows pages.

/// Sends a body of [`convert`](crate::convert) by a client, which it takes.
macro_rules! sent {
    ($body:expr, $ec2:ident) => {{
        let body = $body.clone();
        async move { body.send_with(&$ec2).await }
    }};
}

mod attempts;
mod catalog;
#[cfg(test)]
mod documented;
mod groups;
mod images;
mod instances;
mod keys;
mod list;
mod places;
mod prices;
mod snapshots;
mod volumes;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_ec2::Client;
use cloud_driver::{Cached, Known, Settings};
use cloud_http::{RetryPolicy, Transport};
use cloud_types::clock::within;
use cloud_types::{Error, ErrorKind, Region, Result};
use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::sync::OnceCell;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use crate::auth::Identity;
use crate::convert;
use crate::http::{Connector, SdkClock};

use list::all_pages;
pub(crate) use list::{FILTER_VALUES, Filter, PER_PAGE, filter, tagged};

/// AWS' APIs, of all regions. Clones share connections and credentials.
#[derive(Clone)]
pub(crate) struct Api(Arc<Inner>);

/// Whom the calls go to, and how.
pub(crate) struct Way {
    pub(crate) identity: Identity,
    pub(crate) endpoint: Option<String>,
    pub(crate) ec2_endpoint: Option<String>,
    /// The regions to go through; none stands for all that the account has enabled.
    pub(crate) regions: Vec<Region>,
    pub(crate) transport: Arc<dyn Transport>,
}

struct Inner {
    way: Way,
    settings: Settings,
    sdk: OnceCell<SdkConfig>,
    clients: Known<Region, Client>,
    enabled: Cached<Vec<Region>>,
    retry: RetryPolicy,
    random: Mutex<fastrand::Rng>,
}

impl Api {
    pub(crate) fn new(way: Way, settings: Settings) -> Self {
        let random = settings.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        Self(Arc::new(Inner {
            way,
            settings,
            sdk: OnceCell::new(),
            clients: Known::default(),
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
        let Way { identity, endpoint, regions, transport, .. } = &self.0.way;
        let Settings { clock, deadline, .. } = &self.0.settings;
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
        if let Some(client) = self.0.clients.get(region) {
            return Ok(client);
        }
        let config = aws_sdk_ec2::config::Builder::from(&self.sdk(region).await?);
        let client = || {
            Client::from_conf(match &self.0.way.ec2_endpoint {
                Some(url) => config.endpoint_url(url).build(),
                None => config.build(),
            })
        };
        Ok(self.0.clients.get_or(region.clone(), client))
    }

    /// All regions to go through.
    pub(crate) async fn regions(&self) -> Result<Vec<Region>> {
        if !self.0.way.regions.is_empty() {
            return Ok(self.0.way.regions.clone());
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
        error.with_context(match self.0.way.regions.is_empty() {
            true => format!("in {region}, which is not asked where `Config::regions` names others"),
            false => format!("in {region}"),
        })
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Way { identity, endpoint, regions, .. } = &self.0.way;
        let deadline = &self.0.settings.deadline;
        f.debug_struct("Api")
            .field("identity", identity)
            .field("endpoint", endpoint)
            .field("regions", regions)
            .field("deadline", deadline)
            .finish_non_exhaustive()
    }
}

/// How long the list of enabled regions is believed.
const REGIONS_FRESH: Duration = Duration::from_secs(3600);
/// How many regions are asked at a time.
pub(crate) const REGIONS_AT_ONCE: usize = 8;
