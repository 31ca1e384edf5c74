//! The in-memory provider in the trials.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use cloud_local::{Config, Local};
use cloud_types::clock::ScaledClock;
use cloud_types::{Clock, CloudProvider, GiB, Image, MachineTypeName, Owner, Region, Result};

use super::Provider;
use crate::chaos::{Census, Field, Menu, SPEED};

/// Its row among the providers. Bare HTTP, with which the bench compares, is what it does not have.
pub(super) const PROVIDER: Provider = Provider {
    name: "local",
    open: |faults, seed| {
        Box::pin(async move {
            let field = LocalField::open(faults, seed).map_err(io::Error::other)?;
            Ok(Arc::new(field) as Arc<dyn Field>)
        })
    },
    subject: None,
};

/// An in-memory account.
#[derive(Debug)]
pub struct LocalField {
    account: Local,
    clock: Arc<ScaledClock>,
    menu: Menu,
}

impl LocalField {
    /// Opens an account whose requests meet faults with this probability.
    ///
    /// # Errors
    /// `InvalidRequest` for a probability outside 0 to 1.
    pub fn open(faults: f64, seed: u64) -> Result<Self> {
        let clock = Arc::new(ScaledClock::new(SPEED));
        let config = Config::default().clock(clock.clone()).seed(seed).faults(faults).lag(LAG);
        let menu = Menu {
            regions: ["local-a", "local-b"].into_iter().map(Region::new).collect::<Result<_>>()?,
            small: MachineTypeName::new("small")?,
            larger: MachineTypeName::new("medium")?,
            image: Image::debian("12"),
            data_disk: GiB(10),
        };
        Ok(Self { account: config.faults(faults).build()?, clock, menu })
    }
}

impl Field for LocalField {
    fn provider(&self) -> &'static str {
        "local"
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    fn process(&self, owner: &Owner) -> Result<Arc<dyn CloudProvider>> {
        Ok(Arc::new(self.account.with_owner(owner.clone())))
    }

    fn menu(&self) -> Menu {
        self.menu.clone()
    }

    fn census(&self) -> Census {
        let seen = self.account.inspect();
        Census {
            hosts: seen.hosts.into_iter().map(|host| (host.owner, host.name, host.id.as_str().to_owned())).collect(),
            snapshots: seen.snapshots,
            counts: seen.counts.into_iter().map(|(kind, count)| (kind.to_string(), count)).collect(),
            calls: seen.requests,
            faults: seen.faults,
        }
    }
}

/// How late a change is seen at most, in simulated time.
const LAG: Duration = Duration::from_secs(2);
