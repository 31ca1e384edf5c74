//! Reading hosts that are waited for: many readers, few calls.
//!
//! One of the readers asks for all of a region, as in [`Together`], by a filter, which passes over what is not there: by ids,
//! one that is gone would spoil the answer for all others.

use std::sync::Arc;
use std::time::Duration;

use cloud_driver::{Account, Known, Recent, Together, found};
use cloud_types::clock::within;
use cloud_types::{Error, ErrorKind, Region, Result, ownership};

use crate::client::{Api, FILTER_VALUES, Filter, PER_PAGE, filter, tagged};
use crate::convert::{self, Place, Seen};

/// The hosts that somebody waits for, and those that this process has just made.
#[derive(Debug)]
pub(crate) struct Reader {
    account: Account,
    api: Api,
    recent: Recent<Place>,
    /// Those that this process has made, and not deleted since.
    ours: Known<Place, ()>,
    /// Those who wait, by region: a call asks one.
    together: Known<Region, Arc<Hosts>>,
}

type Hosts = Together<Place, Arc<Seen>>;

impl Reader {
    pub(crate) fn new(account: &Account, api: &Api) -> Self {
        let (recent, ours, together) = (Recent::new(account), Known::default(), Known::default());
        Self { account: account.clone(), api: api.clone(), recent, ours, together }
    }

    /// Remembers that a host was made just now, by this process.
    pub(crate) fn made(&self, host: &Place) {
        self.recent.made(host.clone());
        self.ours.learn(host.clone(), ());
    }

    /// Whether this process made a host, and has not deleted it since.
    pub(crate) fn is_ours(&self, host: &Place) -> bool {
        self.ours.has(host)
    }

    /// Forgets a host that is gone, or is to go.
    pub(crate) fn forget(&self, host: &Place) {
        self.recent.forget(host);
        self.ours.forget(host);
    }

    /// Reads a host once, also one that has ended.
    pub(crate) async fn get(&self, host: &Place) -> Result<Seen> {
        convert::seen(&host.region, self.api.get_instance(host).await?)
    }

    /// Reads a host alone, also one that has ended. One that this process has just made may be shown late: for so long it
    /// is not taken for gone.
    async fn read_any(&self, host: &Place) -> Result<Seen> {
        self.recent.read(host, || self.get(host)).await
    }

    /// Reads a host alone; one that has ended is gone.
    pub(crate) async fn read_alone(&self, host: &Place) -> Result<Seen> {
        let seen = self.read_any(host).await?;
        if seen.ended { Err(seen.gone()) } else { Ok(seen) }
    }

    /// Reads a host, also one that has ended, together with the others that are being read.
    pub(crate) async fn read(&self, host: &Place) -> Result<Arc<Seen>> {
        let fresh = || Arc::new(Hosts::new(self.account.shared_clock(), GATHER, FILTER_VALUES));
        let together = self.together.get_or(host.region.clone(), fresh);
        match together.ask(host.clone(), |batch| self.ask(&host.region, batch)).await? {
            Some(seen) => Ok(seen),
            // Not in the list: too new or gone. Only its id can say which.
            None => self.read_any(host).await.map(Arc::new),
        }
    }

    async fn ask(&self, region: &Region, batch: Vec<Place>) -> Result<Vec<(Place, Arc<Seen>)>> {
        let ids: Vec<String> = batch.into_iter().map(|host| host.id).collect();
        let found = self.list(region, &[filter("instance-id", ids)]).await?;
        Ok(found.into_iter().map(|one| (one.place.clone(), Arc::new(one))).collect())
    }

    /// All hosts of a region that pass the filters.
    pub(crate) async fn list(&self, region: &Region, filters: &[Filter]) -> Result<Vec<Seen>> {
        let found = self.api.all_instances(region, filters).await?;
        found.into_iter().map(|one| convert::seen(region, one)).collect()
    }

    /// A page of all hosts of a region that pass the filters, and the token of the next.
    pub(crate) async fn page(
        &self,
        region: &Region,
        filters: &[Filter],
        page: Option<String>,
    ) -> Result<(Vec<Seen>, Option<String>)> {
        let (found, next) = self.api.list_instances(region, filters, PER_PAGE, page).await?;
        let found = found.into_iter().map(|one| convert::seen(region, one)).collect::<Result<_>>()?;
        Ok((found, next.filter(|token| !token.is_empty())))
    }

    /// Waits until an instance has ended, together with others that are waited for.
    pub(crate) async fn see_ended(&self, host: &Place) -> Result<()> {
        let clock = self.account.clock();
        let until = clock.monotonic() + ENDING;
        loop {
            let left = until.saturating_sub(clock.monotonic());
            match within(clock, left, self.read(host)).await {
                Some(Ok(seen)) if seen.ended => return Ok(()),
                Some(Err(error)) if error.kind() == ErrorKind::NotFound => return Ok(()),
                Some(Err(error)) if !error.is_retryable() => return Err(error),
                None => {
                    let message = format!("host {host} is still being deleted: repeat the call");
                    return Err(Error::new(ErrorKind::Timeout, message));
                }
                _ => clock.sleep(ENDING_PAUSE).await,
            }
        }
    }

    /// Whether a host is there, and not on its way out.
    pub(crate) async fn is_staying(&self, host: &Place) -> Result<bool> {
        Ok(found(self.get(host).await)?.is_some_and(|now| !now.is_leaving()))
    }

    /// Whether this owner has a host of a name in a region that is not on its way out.
    pub(crate) async fn has_staying(&self, region: &Region, name: &str) -> Result<bool> {
        let owner = self.account.owner().as_str();
        self.is_any_staying(region, vec![tagged(ownership::OWNER, owner), tagged(ownership::NAME, name)]).await
    }

    /// Whether a host that is to stay uses what hosts share.
    pub(crate) async fn has_staying_user(&self, region: &Region, used: Filter) -> Result<bool> {
        self.is_any_staying(region, vec![used]).await
    }

    /// Whether a host that passes the filters is to stay. One tells it, among however many: so few are read at a time.
    async fn is_any_staying(&self, region: &Region, mut filters: Vec<Filter>) -> Result<bool> {
        filters.push(staying());
        let mut page = None;
        for _ in 0..MAX_PAGES {
            let (shown, next) = self.api.list_instances(region, &filters, A_FEW, page).await?;
            for one in &shown {
                // A list may still show a host that is going, or gone.
                if self.is_staying(&Place::of(region, one)?).await? {
                    return Ok(true);
                }
            }
            page = next.filter(|token| !token.is_empty());
            if page.is_none() {
                return Ok(false);
            }
        }
        Err(Error::new(ErrorKind::Unexpected, "a list of hosts never ends"))
    }

    /// Whether a host that is just going uses what hosts share.
    pub(crate) async fn has_leaving_user(&self, region: &Region, used: Filter) -> Result<bool> {
        let leaving = filter("instance-state-name", ["shutting-down"]);
        let (shown, more) = self.api.list_instances(region, &[used, leaving], A_FEW, None).await?;
        Ok(!shown.is_empty() || more.is_some_and(|token| !token.is_empty()))
    }
}

/// Passes over instances that have ended.
pub(crate) fn there() -> Filter {
    filter("instance-state-name", ["pending", "running", "stopping", "stopped", "shutting-down"])
}

/// Passes over those that are ending as well.
pub(crate) fn staying() -> Filter {
    filter("instance-state-name", ["pending", "running", "stopping", "stopped"])
}

/// How long after a change a read may still be older than it: EC2 is eventually consistent, mostly within seconds
/// (<https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html>).
pub(crate) const READ_LAG: Duration = Duration::from_secs(10);
/// How long one call waits for others to join it.
const GATHER: Duration = Duration::from_millis(250);
/// How long an instance may take to end: its system is given some minutes to shut down.
const ENDING: Duration = Duration::from_secs(600);
/// Between two looks at one that is ending.
const ENDING_PAUSE: Duration = Duration::from_secs(3);
/// The smallest page that there is
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html>).
const A_FEW: i32 = 5;
const MAX_PAGES: usize = 20_000;
