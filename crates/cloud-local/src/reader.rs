//! Reading hosts, those among them that this process has just made and that may be shown late.

use cloud_driver::{Account, Recent};
use cloud_types::{HostId, HostRuntime, Result};

use crate::client::Client;
use crate::cloud::Cloud;
use crate::convert;
use crate::faults::Operation;

/// Reads hosts, and knows which ones this process made of late.
pub(crate) struct Reader {
    client: Client,
    pub(crate) recent: Recent<HostId>,
}

impl Reader {
    pub(crate) fn new(account: &Account, client: &Client) -> Self {
        Self { client: client.clone(), recent: Recent::new(account) }
    }

    /// Reads a host. One that this process has just made is not taken for gone while it may be hidden.
    pub(crate) async fn read(&self, id: &HostId) -> Result<HostRuntime> {
        let read = |cloud: &mut Cloud, now| {
            cloud.seen_host(id.as_str(), now).and_then(|host| convert::host(&cloud.world, host))
        };
        self.recent.read(id, || self.client.repeat(Operation::GetHost, read)).await
    }
}
