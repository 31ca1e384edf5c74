//! The provider: our trait over Hetzner's calls.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud_driver::{Account, Settings, create_once, delete_whole};
use cloud_types::{
    Ability, AfterResize, Capabilities, CloudProvider, Created, Error, ErrorKind, GiB, HostId, HostPage, HostRuntime,
    HostSpec, HostState, ListHosts, Name, Owners, PageToken, Result, StopMode, StoppedBilling, ownership,
};

use crate::client::{Api, endless, selector};
use crate::convert::{self, Seen};
use crate::create::Create;
use crate::delete::Delete;
use crate::parts::Parts;
use crate::reader::READ_LAG;

/// Hetzner Cloud, for one owner in one project. Clones are cheap and share connections and the request budget.
#[derive(Clone)]
pub struct Hetzner(pub(crate) Arc<Parts>);

impl Hetzner {
    pub(crate) fn new(api: Api, settings: Settings) -> Self {
        let account = Account::new(crate::ID, settings.owner, settings.clock, capabilities());
        Self(Arc::new(Parts::new(account, api)))
    }

    /// Accepts an action on a host: what a wait that follows will ask about.
    async fn begin(&self, operation: &'static str, id: &HostId, action: &str) -> Result<()> {
        let number = convert::number(id.as_str())?;
        let action = match self.0.api.server_action(operation, number, action).await {
            // A host that was made just now may be known late; once it can be read it can be acted on.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.read(id).await?;
                self.0.api.server_action(operation, number, action).await?
            }
            other => other?,
        };
        self.0.reader.recent.begun(number, [action.id]);
        Ok(())
    }

    async fn read(&self, id: &HostId) -> Result<Seen> {
        self.0.reader.read_alone(id).await
    }
}

#[async_trait]
impl CloudProvider for Hetzner {
    cloud_driver::provide!(
        resize: Resize,
        snapshots: Snapshots,
        ssh_keys: SshKeys,
        volumes: Volumes,
        catalog: Catalog,
        console: Console,
        sweep: Sweep,
    );

    async fn create_host(&self, spec: &HostSpec) -> Result<Created> {
        self.0.account.call("create_host", create_once(&Create::new(&self.0), spec)).await
    }

    async fn get_host(&self, id: &HostId) -> Result<HostRuntime> {
        let get = async { Ok(self.0.catalog.priced(self.read(id).await?.host)) };
        self.0.account.call("get_host", get).await
    }

    async fn poll_host(&self, id: &HostId) -> Result<HostRuntime> {
        let poll = async {
            let seen = self.0.reader.read_when_done(id, &self.0.operations).await?;
            Ok(self.0.catalog.priced(seen.host))
        };
        self.0.account.call("get_host", poll).await
    }

    async fn list_hosts(&self, query: &ListHosts) -> Result<HostPage> {
        let list = async {
            let place = Place::read(query.page.as_ref())?;
            let labels = match query.owners {
                Owners::Mine => selector(&[(ownership::OWNER, self.0.account.owner().as_str())]),
                Owners::All => String::new(),
            };
            let name = query.name.as_ref().map(Name::as_str);
            let (servers, next) = convert::page(self.0.api.list_servers(name, &labels, place.page).await?)?;
            let next = place.next(&servers, next)?;
            Ok(HostPage { hosts: servers.into_iter().map(|one| self.0.catalog.priced(one.host)).collect(), next })
        };
        self.0.account.call("list_hosts", list).await
    }

    async fn start_host(&self, id: &HostId) -> Result<()> {
        self.0.account.call("start_host", self.begin("start_host", id, "poweron")).await
    }

    async fn stop_host(&self, id: &HostId, mode: StopMode) -> Result<()> {
        let stop = async {
            // Hetzner takes a second shutdown of a stopped server, but spends an action and a lock on it.
            if self.read(id).await?.host.state == HostState::Stopped {
                return Ok(());
            }
            let action = match mode {
                StopMode::Graceful => "shutdown",
                StopMode::Hard => "poweroff",
            };
            self.begin("stop_host", id, action).await
        };
        self.0.account.call("stop_host", stop).await
    }

    async fn restart_host(&self, id: &HostId) -> Result<()> {
        let restart = async {
            match self.read(id).await?.host.state {
                HostState::Running | HostState::Starting => self.begin("restart_host", id, "reboot").await,
                other => Err(Error::new(ErrorKind::Conflict, format!("host {id} is {other}: start it instead"))),
            }
        };
        self.0.account.call("restart_host", restart).await
    }

    async fn delete_host(&self, id: &HostId) -> Result<()> {
        if convert::number(id.as_str()).is_err() {
            return Ok(());
        }
        self.0.account.call("delete_host", delete_whole(&Delete(&self.0), id)).await
    }
}

impl fmt::Debug for Hetzner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hetzner")
            .field("api", &self.0.api)
            .field("owner", self.0.account.owner())
            .finish_non_exhaustive()
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

    fn next(&self, servers: &[Seen], next: Option<u64>) -> Result<Option<PageToken>> {
        let Some(next) = next else { return Ok(None) };
        match (servers.first(), servers.last()) {
            (Some(first), Some(last)) if first.number > self.after && next > self.page => {
                Ok(Some(PageToken::new(format!("{next}:{}", last.number))))
            }
            _ => Err(endless()),
        }
    }
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
