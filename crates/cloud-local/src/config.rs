//! What an in-memory account is made with.

use std::sync::Arc;
use std::time::Duration;

use cloud_types::{Clock, Error, Owner, ResourceKind, Result, SystemClock};
use cloud_world::{Kind, Lag, Rules, Settings, Timings};

use crate::capabilities::capabilities;
use crate::client::Client;
use crate::cloud::Cloud;
use crate::local::{self, Local};
use crate::stock;

/// The settings of an in-memory account; [`Config::default`] is a small cloud without limits and faults, where a host
/// is made in some seconds.
///
/// ```
/// use cloud_local::Config;
/// use cloud_types::{CloudProvider, Owner};
///
/// let local = Config::default().owner(Owner::new("billing")?).seed(7).build()?;
/// assert_eq!(local.owner().as_str(), "billing");
/// # Ok::<(), cloud_types::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    owner: Owner,
    clock: Arc<dyn Clock>,
    settings: Settings,
    faults: f64,
    latency: Duration,
    patience: Duration,
    page: usize,
    sold_out: Vec<(String, String)>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            owner: Owner::default(),
            clock: Arc::new(SystemClock),
            settings: Settings {
                timings: usual_timings(),
                rules: Rules { unique_names: [Kind::Volume, Kind::SshKey, Kind::Image].into(), ..Rules::default() },
                catalog: stock::catalog(),
                ..Settings::small(1)
            },
            faults: 0.0,
            latency: Duration::from_millis(2),
            patience: Duration::from_secs(60),
            page: 50,
            sold_out: Vec::new(),
        }
    }
}

impl Config {
    /// Everything is done within the call: for tests that care about results and not about waiting.
    #[must_use]
    pub fn instant() -> Self {
        Self { latency: Duration::ZERO, ..Self::default().timings(Timings::instant()) }
    }

    /// The default settings with the owner of `CLOUD_OWNER`, where that is set.
    ///
    /// # Errors
    /// `InvalidRequest` on field `owner` where the variable holds no owner's name.
    pub fn from_env() -> Result<Self> {
        match std::env::var("CLOUD_OWNER") {
            Ok(owner) => Ok(Self::default().owner(Owner::new(owner)?)),
            Err(_) => Ok(Self::default()),
        }
    }

    /// Whose hosts these are.
    #[must_use]
    pub fn owner(mut self, owner: Owner) -> Self {
        self.owner = owner;
        self
    }

    /// The clock that changes and waits run on.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Where random numbers start.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// How long each sort of change takes.
    #[must_use]
    pub fn timings(mut self, timings: Timings) -> Self {
        self.settings.timings = timings;
        self
    }

    /// How long a request is on its way, there and back each.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// How long a call repeats what fails before it gives up.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How many hosts a page of a list holds.
    #[must_use]
    pub fn page_size(mut self, hosts: usize) -> Self {
        self.page = hosts;
        self
    }

    /// The most that the account may have of a kind.
    #[must_use]
    pub fn quota(mut self, kind: ResourceKind, most: u64) -> Self {
        if let Some(kind) = crate::convert::world_kind(kind) {
            self.settings.quotas.insert(kind, most);
        }
        self
    }

    /// Sells a machine type out in a zone, or in all zones of a region.
    #[must_use]
    pub fn sold_out(mut self, place: impl Into<String>, machine_type: impl Into<String>) -> Self {
        self.sold_out.push((place.into(), machine_type.into()));
        self
    }

    /// What can be ordered.
    #[must_use]
    pub fn catalog(mut self, catalog: cloud_world::Catalog) -> Self {
        self.settings.catalog = catalog;
        self
    }

    /// Lets every change be seen late by up to so long; [`Capabilities::read_lag`](cloud_types::Capabilities::read_lag)
    /// says so.
    #[must_use]
    pub fn lag(mut self, longest: Duration) -> Self {
        self.settings.lag = Lag { create: longest, delete: longest, chance: 1.0 };
        self
    }

    /// Lets each request meet a fault with this probability, and every change be seen late with the same one.
    #[must_use]
    pub fn faults(mut self, probability: f64) -> Self {
        self.faults = probability;
        if self.settings.lag.create.is_zero() && probability > 0.0 {
            self = self.lag(FAULT_LAG);
        }
        self.settings.lag.chance = probability;
        self
    }

    /// Opens the account.
    ///
    /// # Errors
    /// `InvalidRequest` on field `faults` for a probability outside 0 to 1, on `page_size` for 0, and on `sold_out` for
    /// a place or machine type that the catalog does not have.
    pub fn build(mut self) -> Result<Local> {
        if !(0.0..=1.0).contains(&self.faults) {
            return Err(Error::invalid("faults", "must be a probability from 0 to 1"));
        }
        if self.page == 0 {
            return Err(Error::invalid("page_size", "must be at least 1"));
        }
        for (place, machine) in std::mem::take(&mut self.sold_out) {
            stock::sell_out(&mut self.settings.catalog, &place, &machine)?;
        }
        let account = local::account(self.owner, self.clock, capabilities(self.settings.lag));
        let cloud = Cloud::new(self.settings, self.faults);
        let client = Client::new(&account, cloud, self.latency, self.patience);
        Ok(Local::open(account, client, self.page))
    }
}

impl Local {
    /// An empty account with the default settings.
    #[must_use]
    pub fn new() -> Self {
        Config::default().build().expect("the default settings are valid")
    }
}

impl Default for Local {
    fn default() -> Self {
        Self::new()
    }
}

/// Long enough for a progress bar to show something, short enough to wait for.
fn usual_timings() -> Timings {
    Timings {
        create: Duration::from_millis(1500),
        start: Duration::from_millis(1000),
        stop: Duration::from_millis(700),
        shutdown: Duration::from_millis(1000),
        restart: Duration::from_millis(1000),
        rebuild: Duration::from_secs(3),
        resize: Duration::from_secs(2),
        snapshot: Duration::from_secs(3),
        delete: Duration::from_millis(400),
        volume: Duration::from_millis(300),
        small: Duration::from_millis(100),
        jitter: 0.2,
    }
}

/// How late changes are seen at most where faults are on and no lag was set.
const FAULT_LAG: Duration = Duration::from_millis(200);
