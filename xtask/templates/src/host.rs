//! The contract over the client: `client` and `convert` put together. No URL and no JSON here.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use cloud_driver::{Account, Settings, create_once, delete_whole};
use cloud_types::{
    Capabilities, CloudProvider, Created, Error, HostId, HostPage, HostRuntime, HostSpec, ListHosts, Result, StopMode,
};

use crate::client::Api;
use crate::create::Create;
use crate::delete::Delete;
use crate::reader::{READ_LAG, Reader};

/// {{Type}}, for one owner in one account. Clones are cheap and share connections and the request budget.
#[derive(Clone)]
pub struct {{Type}}(Arc<Parts>);

/// What a provider value is made of; each part keeps what it remembers to itself.
pub(crate) struct Parts {
    pub(crate) account: Account,
    pub(crate) reader: Reader,
}

impl {{Type}} {
    pub(crate) fn new(api: &Api, settings: Settings) -> Self {
        let account = Account::new(crate::ID, settings.owner, settings.clock, capabilities());
        Self(Arc::new(Parts { reader: Reader::new(&account, api), account }))
    }
}

#[async_trait]
impl CloudProvider for {{Type}} {
    cloud_driver::provide!();

    async fn create_host(&self, spec: &HostSpec) -> Result<Created> {
        self.0.account.call("create_host", create_once(&Create(&self.0), spec)).await
    }

    async fn get_host(&self, id: &HostId) -> Result<HostRuntime> {
        self.0.account.call("get_host", async { Ok(self.0.reader.read(id).await?.host) }).await
    }

    async fn list_hosts(&self, _query: &ListHosts) -> Result<HostPage> {
        self.0.account.named("list_hosts", not_built_yet())
    }

    async fn start_host(&self, _id: &HostId) -> Result<()> {
        self.0.account.named("start_host", not_built_yet())
    }

    async fn stop_host(&self, _id: &HostId, _mode: StopMode) -> Result<()> {
        self.0.account.named("stop_host", not_built_yet())
    }

    async fn restart_host(&self, _id: &HostId) -> Result<()> {
        self.0.account.named("restart_host", not_built_yet())
    }

    async fn delete_host(&self, id: &HostId) -> Result<()> {
        self.0.account.call("delete_host", delete_whole(&Delete(&self.0), id)).await
    }
}

impl fmt::Debug for {{Type}} {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("{{Type}}").field("owner", self.0.account.owner()).finish_non_exhaustive()
    }
}

/// What {{Type}} can do, as far as it is built, and its limits.
fn capabilities() -> Capabilities {
    let mut claims = Capabilities::none();
    claims.read_lag = READ_LAG;
    claims
}

/// An ability or a call that is still to be written.
pub(crate) fn not_built_yet<T>() -> Result<T> {
    Err(Error::unsupported("not built yet"))
}
