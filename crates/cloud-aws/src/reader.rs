//! Reading hosts that are waited for: many readers, few calls.
//!
//! One of the readers asks for all of a region, as in [`Together`], by a filter, which passes over what is not there: by ids,
//! one that is gone would spoil the answer for all others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_ec2::types::Instance;
use cloud_http::Together;
use cloud_types::clock::within;
use cloud_types::{Clock, Error, ErrorKind, Region, Result};

use crate::client::{Api, FILTER_VALUES};
use crate::convert::{self, Place};

/// The hosts that somebody waits for, and those that this process has just made.
#[derive(Debug)]
pub(crate) struct Reader {
    api: Api,
    clock: Arc<dyn Clock>,
    /// When this process made a host.
    made: Mutex<HashMap<Place, Duration>>,
    /// Those who wait, by region: a call asks one.
    together: Mutex<HashMap<Region, Arc<Hosts>>>,
}

type Hosts = Together<Place, Arc<Instance>>;

impl Reader {
    pub(crate) fn new(api: Api, clock: Arc<dyn Clock>) -> Self {
        Self { api, clock, made: Mutex::default(), together: Mutex::default() }
    }

    /// Remembers that a host was made just now, by this process.
    pub(crate) fn made(&self, host: &Place) {
        let (mut made, now) = (locked(&self.made), self.clock.monotonic());
        made.retain(|_, made| now.saturating_sub(*made) < REMEMBERED);
        made.insert(host.clone(), now);
    }

    /// Whether this process made a host, and has not deleted it since.
    pub(crate) fn is_ours(&self, host: &Place) -> bool {
        locked(&self.made).contains_key(host)
    }

    /// Forgets a host that is gone, or is to go.
    pub(crate) fn forget(&self, host: &Place) {
        locked(&self.made).remove(host);
    }

    /// Reads a host alone, also one that has ended. One that this process has just made may be shown late: for so long it
    /// is not taken for gone.
    pub(crate) async fn read_any(&self, host: &Place) -> Result<Instance> {
        loop {
            // Asked first: the answer may be about a moment long ago by the time it is here.
            let fresh = self.is_fresh(host);
            match self.api.get_instance(host).await {
                Err(error) if error.kind() == ErrorKind::NotFound && fresh => {
                    self.clock.sleep(LAG_PAUSE).await;
                }
                other => return other,
            }
        }
    }

    /// Reads a host alone; one that has ended is gone.
    pub(crate) async fn read_alone(&self, host: &Place) -> Result<Instance> {
        let instance = self.read_any(host).await?;
        if convert::is_ended(&instance) { Err(convert::ended(host, &instance)) } else { Ok(instance) }
    }

    fn is_fresh(&self, host: &Place) -> bool {
        let made = locked(&self.made).get(host).copied();
        made.is_some_and(|made| self.clock.monotonic().saturating_sub(made) < READ_LAG)
    }

    /// Reads a host, also one that has ended, together with the others that are being read.
    pub(crate) async fn read(&self, host: &Place) -> Result<Arc<Instance>> {
        let fresh = || Arc::new(Hosts::new(self.clock.clone(), GATHER, FILTER_VALUES));
        let together = locked(&self.together).entry(host.region.clone()).or_insert_with(fresh).clone();
        match together.ask(host.clone(), |batch| self.ask(&host.region, batch)).await? {
            Some(instance) => Ok(instance),
            // Not in the list: too new or gone. Only its id can say which.
            None => self.read_any(host).await.map(Arc::new),
        }
    }

    async fn ask(&self, region: &Region, batch: Vec<Place>) -> Result<Vec<(Place, Arc<Instance>)>> {
        let ids: Vec<String> = batch.into_iter().map(|host| host.id).collect();
        let found = self.api.instances_of(region, &ids).await?.into_iter();
        let place = |one: &Instance| Some(Place { region: region.clone(), id: one.instance_id.clone()? });
        Ok(found.filter_map(|one| Some((place(&one)?, Arc::new(one)))).collect())
    }

    /// Waits until an instance has ended, together with others that are waited for.
    pub(crate) async fn see_ended(&self, host: &Place) -> Result<()> {
        let until = self.clock.monotonic() + ENDING;
        loop {
            let left = until.saturating_sub(self.clock.monotonic());
            match within(&*self.clock, left, self.read(host)).await {
                Some(Ok(instance)) if convert::is_ended(&instance) => return Ok(()),
                Some(Err(error)) if error.kind() == ErrorKind::NotFound => return Ok(()),
                Some(Err(error)) if !error.is_retryable() => return Err(error),
                None => {
                    let message = format!("host {host} is still being deleted: repeat the call");
                    return Err(Error::new(ErrorKind::Timeout, message));
                }
                _ => self.clock.sleep(ENDING_PAUSE).await,
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long after a change a read may still be older than it: EC2 is eventually consistent, mostly within seconds
/// (<https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html>).
pub(crate) const READ_LAG: Duration = Duration::from_secs(10);
/// The pause between looks at what may not be shown yet.
pub(crate) const LAG_PAUSE: Duration = Duration::from_secs(1);
/// How long it matters who made a host: for so long EC2 shows one that has ended.
const REMEMBERED: Duration = Duration::from_secs(2 * 3600);
/// How long one call waits for others to join it.
const GATHER: Duration = Duration::from_millis(250);
/// How long an instance may take to end: its system is given some minutes to shut down.
const ENDING: Duration = Duration::from_secs(600);
/// Between two looks at one that is ending.
const ENDING_PAUSE: Duration = Duration::from_secs(3);
