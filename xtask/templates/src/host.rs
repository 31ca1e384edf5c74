//! The contract over the client: `client` and `convert` put together. No URL and no JSON here.

use std::sync::Arc;

use async_trait::async_trait;
use cloud_types::{
    Capabilities, Clock, CloudProvider, Created, Error, HostId, HostPage, HostRuntime, HostSpec, ListHosts, Owner,
    ProviderId, Result, StopMode,
};

use crate::client::{Client, ID};
use crate::convert;

/// One owner's view of a {{Type}} account.
#[derive(Debug, Clone)]
pub struct {{Type}} {
    client: Client,
    owner: Owner,
    clock: Arc<dyn Clock>,
    capabilities: Capabilities,
}

impl {{Type}} {
    pub(crate) fn new(client: Client, owner: Owner, clock: Arc<dyn Clock>) -> Self {
        Self { client, owner, clock, capabilities: convert::capabilities() }
    }
}

#[async_trait]
impl CloudProvider for {{Type}} {
    fn id(&self) -> &ProviderId {
        &ID
    }

    fn owner(&self) -> &Owner {
        &self.owner
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    async fn create_host(&self, _spec: &HostSpec) -> Result<Created> {
        not_built_yet("create_host")
    }

    async fn get_host(&self, id: &HostId) -> Result<HostRuntime> {
        convert::host(self.client.get_machine(id.native()).await?)
    }

    async fn list_hosts(&self, _query: &ListHosts) -> Result<HostPage> {
        not_built_yet("list_hosts")
    }

    async fn start_host(&self, _id: &HostId) -> Result<()> {
        not_built_yet("start_host")
    }

    async fn stop_host(&self, _id: &HostId, _mode: StopMode) -> Result<()> {
        not_built_yet("stop_host")
    }

    async fn restart_host(&self, _id: &HostId) -> Result<()> {
        not_built_yet("restart_host")
    }

    async fn delete_host(&self, _id: &HostId) -> Result<()> {
        not_built_yet("delete_host")
    }
}

fn not_built_yet<T>(operation: &'static str) -> Result<T> {
    Err(Error::unsupported("not built yet").with_provider(&ID).with_operation(operation))
}
