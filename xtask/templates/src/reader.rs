//! Reading hosts, also those that were made just now and may be shown late.

use std::time::Duration;

use cloud_driver::{Account, Recent};
use cloud_types::{HostId, Result};

use crate::client::Api;
use crate::convert::{self, Seen};

/// Reads hosts, and remembers what this process has just made.
#[derive(Debug)]
pub(crate) struct Reader {
    api: Api,
    pub(crate) recent: Recent<HostId>,
}

impl Reader {
    pub(crate) fn new(account: &Account, api: &Api) -> Self {
        Self { api: api.clone(), recent: Recent::new(account) }
    }

    /// Reads a host. One that this process has just made is not taken for gone while it may be shown late.
    pub(crate) async fn read(&self, id: &HostId) -> Result<Seen> {
        let get = || async { convert::seen(self.api.get_machine(id.native()).await?) };
        self.recent.read(id, get).await
    }
}

/// How long a host may not be shown yet after its create: from the provider's page, or longer than was ever seen.
pub(crate) const READ_LAG: Duration = Duration::from_secs(5);
