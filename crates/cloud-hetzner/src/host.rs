//! The provider: our trait over Hetzner's calls.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud_types::clock::within;
use cloud_types::{
    Ability, AfterResize, Capabilities, Catalog, Clock, CloudProvider, Console, Created, Error, ErrorKind, GiB, HostId,
    HostPage, HostRuntime, HostSpec, HostState, ListHosts, Name, Owner, Owners, PageToken, ProviderId, Resize, Result,
    Snapshots, SshKeys, StopMode, StoppedBilling, Sweep, Volumes, ownership,
};
use futures::future::{FutureExt, try_join_all};

use crate::actions::Actions;
use crate::catalog::CatalogCache;
use crate::client::{Api, endless, selector};
use crate::companions::Companions;
use crate::reader::{READ_LAG, Reader};
use crate::wire::{Paged, Server};
use crate::{convert, delete};

/// Hetzner Cloud, for one owner in one project. Clones are cheap and share connections and the request budget.
#[derive(Clone)]
pub struct Hetzner(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) api: Api,
    pub(crate) owner: Owner,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) actions: Actions,
    pub(crate) reader: Reader,
    pub(crate) catalog: CatalogCache,
    pub(crate) companions: Companions,
    capabilities: Capabilities,
}

impl Hetzner {
    pub(crate) fn new(api: Api, owner: Owner, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            actions: Actions::new(api.clone(), clock.clone()),
            reader: Reader::new(api.clone(), clock.clone(), owner.clone()),
            catalog: CatalogCache::default(),
            companions: Companions::default(),
            capabilities: capabilities(),
            api,
            owner,
            clock,
        }))
    }

    /// Accepts an action on a host: what a wait that follows will ask about.
    async fn begin(&self, operation: &'static str, id: &HostId, action: &str) -> Result<()> {
        let number = convert::number(id.as_str())?;
        let action = match self.0.api.server_action(operation, number, action).await {
            // A host that was made just now may be known late; once it can be read it can be acted on.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.0.reader.read_alone(number).await?;
                self.0.api.server_action(operation, number, action).await?
            }
            other => other?,
        };
        self.0.reader.begun(number, None, [action.id]);
        Ok(())
    }

    async fn read(&self, id: &HostId) -> Result<Server> {
        self.0.reader.read_alone(convert::number(id.as_str())?).await
    }
}

impl Inner {
    /// Runs an operation for at most an hour: each of its calls has a shorter deadline of its own, but there may be
    /// many, and each may wait for its place in the request budget.
    pub(crate) fn in_time<'a, T>(
        &'a self,
        operation: impl Future<Output = Result<T>> + Send + 'a,
    ) -> impl Future<Output = Result<T>> + Send + 'a
    where
        T: Send + 'a,
    {
        let operation = operation.boxed(); // large: it holds a whole operation
        async move {
            let timeout = || Err(Error::new(ErrorKind::Timeout, format!("not done after {LIMIT:?}: repeat the call")));
            within(&*self.clock, LIMIT, operation).await.unwrap_or_else(timeout)
        }
    }

    /// The pause before looking again, about a second.
    pub(crate) async fn pause(&self) {
        self.clock.sleep(PAUSE.mul_f64(0.75 + fastrand::f64() / 2.0)).await;
    }

    /// The limits and claims that specs are checked against.
    pub(crate) fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }
}

#[async_trait]
impl CloudProvider for Hetzner {
    fn id(&self) -> &ProviderId {
        const { &crate::ID }
    }

    fn owner(&self) -> &Owner {
        &self.0.owner
    }

    fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    async fn create_host(&self, spec: &HostSpec) -> Result<Created> {
        named("create_host", self.0.in_time(self.0.create(spec)).await)
    }

    async fn get_host(&self, id: &HostId) -> Result<HostRuntime> {
        let server = self.read(id).await;
        named("get_host", server.and_then(convert::host).map(|host| self.0.catalog.priced(host)))
    }

    /// Waits for the actions that this process has begun on the host, then reads it together with others.
    async fn poll_host(&self, id: &HostId) -> Result<HostRuntime> {
        let poll = async {
            let number = convert::number(id.as_str())?;
            let actions = self.0.reader.running(number);
            let ending = actions.into_iter().map(|action| async move {
                let ended = self.0.actions.wait(action).await?;
                self.0.reader.ended(number, action);
                ended.map_err(|failed| *failed)
            });
            if let Some(ended) = within(&*self.0.clock, *self.0.capabilities.poll.end(), try_join_all(ending)).await {
                ended?;
            }
            let host = convert::host(self.0.reader.read(number).await?)?;
            Ok(self.0.catalog.priced(host))
        };
        named("get_host", poll.await)
    }

    async fn list_hosts(&self, query: &ListHosts) -> Result<HostPage> {
        let list = async {
            let place = Place::read(query.page.as_ref())?;
            let labels = match query.owners {
                Owners::Mine => selector(&[(ownership::OWNER, self.0.owner.as_str())]),
                Owners::All => String::new(),
            };
            let name = query.name.as_ref().map(Name::as_str);
            let (servers, next) = self.0.api.list_servers(name, &labels, place.page).await?.into_parts();
            let next = place.next(&servers, next)?;
            let hosts = servers.into_iter().map(|server| convert::host(server).map(|host| self.0.catalog.priced(host)));
            Ok(HostPage { hosts: hosts.collect::<Result<_>>()?, next })
        };
        named("list_hosts", list.await)
    }

    async fn start_host(&self, id: &HostId) -> Result<()> {
        named("start_host", self.begin("start_host", id, "poweron").await)
    }

    async fn stop_host(&self, id: &HostId, mode: StopMode) -> Result<()> {
        let stop = async {
            // Hetzner takes a second shutdown of a stopped server, but spends an action and a lock on it.
            if convert::state(&self.read(id).await?.status) == HostState::Stopped {
                return Ok(());
            }
            let action = match mode {
                StopMode::Graceful => "shutdown",
                StopMode::Hard => "poweroff",
            };
            self.begin("stop_host", id, action).await
        };
        named("stop_host", stop.await)
    }

    async fn restart_host(&self, id: &HostId) -> Result<()> {
        let restart = async {
            match convert::state(&self.read(id).await?.status) {
                HostState::Running | HostState::Starting => self.begin("restart_host", id, "reboot").await,
                other => Err(Error::new(ErrorKind::Conflict, format!("host {id} is {other}: start it instead"))),
            }
        };
        named("restart_host", restart.await)
    }

    async fn delete_host(&self, id: &HostId) -> Result<()> {
        named("delete_host", self.0.in_time(delete::delete(&self.0, id)).await)
    }

    fn resize(&self) -> Option<&dyn Resize> {
        Some(self)
    }

    fn snapshots(&self) -> Option<&dyn Snapshots> {
        Some(self)
    }

    fn ssh_keys(&self) -> Option<&dyn SshKeys> {
        Some(self)
    }

    fn volumes(&self) -> Option<&dyn Volumes> {
        Some(self)
    }

    fn catalog(&self) -> Option<&dyn Catalog> {
        Some(self)
    }

    fn console(&self) -> Option<&dyn Console> {
        Some(self)
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        Some(self)
    }
}

impl fmt::Debug for Hetzner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hetzner").field("api", &self.0.api).field("owner", &self.0.owner).finish_non_exhaustive()
    }
}

/// Where a page begins: its number, and the id after which it must go on. The list is sorted by id, so a page that goes
/// back repeats itself.
struct Place {
    page: u64,
    after: u64,
}

impl Place {
    fn read(token: Option<&PageToken>) -> Result<Self> {
        let Some(token) = token else { return Ok(Self { page: 1, after: 0 }) };
        let parts = token.as_str().split_once(':');
        let place = parts.and_then(|(page, after)| Some(Self { page: page.parse().ok()?, after: after.parse().ok()? }));
        place.ok_or_else(|| Error::invalid("page", "must be a token that this provider wrote"))
    }

    fn next(&self, servers: &[Server], next: Option<u64>) -> Result<Option<PageToken>> {
        let Some(next) = next else { return Ok(None) };
        match (servers.first(), servers.last()) {
            (Some(first), Some(last)) if first.id > self.after && next > self.page => {
                Ok(Some(PageToken::new(format!("{next}:{}", last.id))))
            }
            _ => Err(endless()),
        }
    }
}

/// How long one operation may take.
const LIMIT: Duration = Duration::from_secs(3600);
/// Between two looks at something that is not there or busy yet.
const PAUSE: Duration = Duration::from_secs(1);

/// Names provider and operation in an error.
pub(crate) fn named<T>(operation: &'static str, result: Result<T>) -> Result<T> {
    result.map_err(|error| error.with_provider(&crate::ID).with_operation(operation))
}

fn capabilities() -> Capabilities {
    use Ability::{
        Catalog, Console, DataDisk, GracefulStop, GrowBootDisk, InboundPorts, Ipv6, Resize, Snapshots, SshKeys, Sweep,
        UserData, Volumes, WithoutIpv4,
    };
    let mut claims = Capabilities::none();
    claims.abilities = vec![
        GracefulStop,
        Resize,
        GrowBootDisk,
        Snapshots,
        SshKeys,
        Volumes,
        DataDisk,
        Catalog,
        Console,
        Sweep,
        UserData,
        InboundPorts,
        Ipv6,
        WithoutIpv4,
    ];
    // "You are billed for servers until you delete them": <https://docs.hetzner.com/cloud/billing/faq>.
    claims.stopped_billing = StoppedBilling::InFull;
    // "copies the content of its disk, and starts it again": <https://docs.hetzner.cloud/reference/cloud#server-actions>.
    claims.after_resize = AfterResize::Running;
    claims.user_data_bytes = 32 * 1024;
    claims.boot_disk = None;
    claims.data_disk = GiB(10)..=GiB(10_240);
    claims.poll = Duration::from_secs(1)..=Duration::from_secs(10);
    claims.read_lag = READ_LAG;
    claims
}
