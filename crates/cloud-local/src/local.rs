//! The provider value: an owner's view of an account, and the account that it shares with others.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_types::{Capabilities, Clock, Error, HostId, Owner, ProviderId, Result, UserData};

use crate::capabilities::capabilities;
use crate::cloud::Cloud;
use crate::recent::Recent;
use crate::{Config, Fault, Inspection, stock};

/// One owner's view of an in-memory account. Clones share everything; the account lives as long as any of them.
#[derive(Clone)]
pub struct Local {
    pub(crate) account: Arc<Account>,
    pub(crate) owner: Owner,
    pub(crate) recent: Arc<Recent>,
}

/// What all views of an account share.
pub(crate) struct Account {
    cloud: Mutex<Cloud>,
    pub(crate) capabilities: Capabilities,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) latency: Duration,
    pub(crate) patience: Duration,
    pub(crate) page: usize,
}

/// The provider's id.
pub(crate) const ID: ProviderId = ProviderId::new("local");

impl Local {
    /// An empty account with the default settings.
    #[must_use]
    pub fn new() -> Self {
        Config::default().build().expect("the default settings are valid")
    }

    pub(crate) fn open(config: Config) -> Self {
        let account = Account {
            capabilities: capabilities(config.settings.lag),
            clock: config.clock,
            latency: config.latency,
            patience: config.patience,
            page: config.page,
            cloud: Mutex::new(Cloud::new(config.settings, config.faults)),
        };
        let recent = Arc::new(Recent::new(account.capabilities.read_lag));
        Self { account: Arc::new(account), owner: config.owner, recent }
    }

    /// Another service's view of the same account.
    #[must_use]
    pub fn with_owner(&self, owner: Owner) -> Self {
        Self { owner, ..self.another_process() }
    }

    /// The same owner's view from another process: it remembers nothing of what this value has done.
    #[must_use]
    pub fn another_process(&self) -> Self {
        let recent = Arc::new(Recent::new(self.account.capabilities.read_lag));
        Self { account: Arc::clone(&self.account), owner: self.owner.clone(), recent }
    }

    /// Adds a rule by which requests go wrong, whoever of the account sends them.
    pub fn inject(&self, fault: Fault) {
        self.cloud().faults.add(fault);
    }

    /// Lets each request from now on meet a fault with this probability, cut to the range 0 to 1, and each change be
    /// seen late with the same one, where the account was opened with a lag.
    pub fn set_faults(&self, probability: f64) {
        let probability = probability.clamp(0.0, 1.0);
        let mut cloud = self.cloud();
        cloud.faults.chance = probability;
        cloud.world.lag.chance = probability;
    }

    /// Leaves no room for a machine type in a zone, or in all zones of a region, from now on.
    ///
    /// # Errors
    /// `InvalidRequest` for a place or machine type that the catalog does not have.
    pub fn sell_out(&self, place: &str, machine_type: &str) -> Result<()> {
        stock::sell_out(&mut self.cloud().world.catalog, place, machine_type)
    }

    /// What is truly in the account, of all owners: for tests that count what is there and what was left behind.
    #[must_use]
    pub fn inspect(&self) -> Inspection {
        let now = self.account.clock.now();
        let mut cloud = self.cloud();
        cloud.tick(now);
        Inspection::of(&cloud)
    }

    /// What a host's first boot reads: for tests. `None` where there is no such host, or nothing for it to read.
    #[must_use]
    pub fn user_data(&self, host: &HostId) -> Option<UserData> {
        self.cloud().host(host.as_str()).ok()?.user_data.as_ref().map(|data| UserData::new(data.expose()))
    }

    pub(crate) fn cloud(&self) -> MutexGuard<'_, Cloud> {
        self.account.cloud.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Local {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").field("owner", &self.owner).finish_non_exhaustive()
    }
}

/// Puts the provider and the operation on the error of a public call.
pub(crate) fn named<T>(operation: &'static str, result: Result<T>) -> Result<T> {
    result.map_err(|error: Error| error.with_provider(&ID).with_operation(operation))
}
