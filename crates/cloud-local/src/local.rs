//! The provider value: an owner's view of an account, and the cloud that it shares with others.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use cloud_driver::Account;
use cloud_types::{Capabilities, Clock, HostId, Owner, Result, UserData};

use crate::ID;
use crate::client::Client;
use crate::dependents::Dependents;
use crate::faults::Fault;
use crate::inspect::Inspection;
use crate::reader::Reader;
use crate::stock;

/// One owner's view of an in-memory account. Clones share everything; the account lives as long as any of them.
#[derive(Clone)]
pub struct Local(pub(crate) Arc<Parts>);

/// What a provider value is made of; each part keeps what it remembers to itself.
pub(crate) struct Parts {
    pub(crate) account: Account,
    pub(crate) client: Client,
    pub(crate) reader: Reader,
    pub(crate) dependents: Dependents,
    /// How many hosts a page of a list holds.
    pub(crate) page: usize,
}

impl Local {
    pub(crate) fn open(account: Account, client: Client, page: usize) -> Self {
        Self(Arc::new(Parts {
            reader: Reader::new(&account, &client),
            dependents: Dependents::new(&account, &client),
            account,
            client,
            page,
        }))
    }

    /// Another service's view of the same account.
    #[must_use]
    pub fn with_owner(&self, owner: Owner) -> Self {
        let known = &self.0.account;
        let account = account(owner, known.shared_clock(), known.capabilities().clone());
        let client = self.0.client.of(&account);
        Self::open(account, client, self.0.page)
    }

    /// The same owner's view from another process: it remembers nothing of what this value has done.
    #[must_use]
    pub fn another_process(&self) -> Self {
        self.with_owner(self.0.account.owner().clone())
    }

    /// Adds a rule by which requests go wrong, whoever of the account sends them.
    pub fn inject(&self, fault: Fault) {
        self.0.client.cloud().faults.add(fault);
    }

    /// Forgets all faults that were injected and have not struck yet.
    pub fn clear_faults(&self) {
        self.0.client.cloud().faults.clear();
    }

    /// Lets each request from now on meet a fault with this probability, cut to the range 0 to 1, and each change be
    /// seen late with the same one, where the account was opened with a lag.
    pub fn set_faults(&self, probability: f64) {
        let probability = probability.clamp(0.0, 1.0);
        let mut cloud = self.0.client.cloud();
        cloud.faults.chance = probability;
        cloud.world.lag.chance = probability;
    }

    /// Leaves no room for a machine type in a zone, or in all zones of a region, from now on.
    ///
    /// # Errors
    /// `InvalidRequest` for a place or machine type that the catalog does not have.
    pub fn sell_out(&self, place: &str, machine_type: &str) -> Result<()> {
        stock::sell_out(&mut self.0.client.cloud().world.catalog, place, machine_type)
    }

    /// What is truly in the account, of all owners: for tests that count what is there and what was left behind.
    #[must_use]
    pub fn inspect(&self) -> Inspection {
        let now = self.0.account.clock().now();
        let mut cloud = self.0.client.cloud();
        cloud.tick(now);
        Inspection::of(&cloud)
    }

    /// What a host's first boot reads: for tests. `None` where there is no such host, or nothing for it to read.
    #[must_use]
    pub fn user_data(&self, host: &HostId) -> Option<UserData> {
        let cloud = self.0.client.cloud();
        cloud.host(host.as_str()).ok()?.user_data.as_ref().map(|data| UserData::new(data.expose()))
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").field("owner", self.0.account.owner()).finish_non_exhaustive()
    }
}

/// One owner's view, at the pace of a cloud in memory.
pub(crate) fn account(owner: Owner, clock: Arc<dyn Clock>, capabilities: Capabilities) -> Account {
    Account::new(ID, owner, clock, capabilities).pace(PACE)
}

/// Between two looks: the shortest pause first.
const PACE: RangeInclusive<Duration> = Duration::from_millis(20)..=Duration::from_secs(1);
