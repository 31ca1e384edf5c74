//! The provider: our trait over Google's calls.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use cloud_driver::{Settings, delete_whole};
use cloud_types::{
    CloudProvider, Created, Error, ErrorKind, HostId, HostPage, HostRuntime, HostSpec, HostState, ListHosts, Owners,
    PageToken, Result, StopMode,
};

use crate::client::{Api, Page, all_of, own};
use crate::convert;
use crate::create::create;
use crate::delete::Delete;
use crate::network::Network;
use crate::parts::Parts;
use crate::place::Place;
use crate::seen::{Begun, Seen};

/// Google Compute Engine, for one owner in one project. Clones are cheap and share connections and tokens.
#[derive(Clone)]
pub struct Gcp(pub(crate) Arc<Parts>);

impl Gcp {
    pub(crate) fn new(api: Api, network: Network, settings: Settings) -> Self {
        Self(Arc::new(Parts::new(api, network, settings)))
    }

    pub(crate) async fn read(&self, id: &HostId) -> Result<Seen> {
        self.0.reader.read_alone(&Place::read(id.as_str())?).await
    }

    /// Accepts a change of power: what a wait that follows will ask about.
    pub(crate) async fn begin(
        &self,
        operation: &'static str,
        seen: &Seen,
        verb: &str,
        parameter: Option<(&str, bool)>,
    ) -> Result<()> {
        let begun = Begun::from(self.0.api.power(operation, &seen.place, verb, parameter).await?);
        // What is refused at once is told at once.
        begun.accepted()?;
        self.0.reader.recent.begun(seen.place.clone(), [begun]);
        Ok(())
    }
}

#[async_trait]
impl CloudProvider for Gcp {
    cloud_driver::provide!(
        resize: Resize,
        snapshots: Snapshots,
        volumes: Volumes,
        catalog: Catalog,
        console: Console,
        sweep: Sweep,
    );

    async fn create_host(&self, spec: &HostSpec) -> Result<Created> {
        self.0.account.call("create_host", create(&self.0, spec)).await
    }

    async fn get_host(&self, id: &HostId) -> Result<HostRuntime> {
        let read = async { self.0.host(&self.read(id).await?).await };
        self.0.account.call("get_host", read).await
    }

    async fn poll_host(&self, id: &HostId) -> Result<HostRuntime> {
        let poll = async {
            let (place, reader) = (Place::read(id.as_str())?, &self.0.reader);
            let seen = reader.read_when_done(&place, &self.0.operations).await?;
            // A start that has not taken hold yet must not be taken for the end that came before it.
            match reader.recent.running(&place).is_empty() {
                true => self.0.host(&seen).await,
                false => self.0.priced(&seen),
            }
        };
        self.0.account.call("get_host", poll).await
    }

    async fn list_hosts(&self, query: &ListHosts) -> Result<HostPage> {
        let list = async {
            let page = query.page.as_ref().map(token_of).transpose()?;
            let name: Vec<(&str, &str)> = query.name.iter().map(|name| ("name", name.as_str())).collect();
            let filter = match query.owners {
                Owners::Mine => own(self.0.account.owner(), &name),
                Owners::All => all_of(&name),
            };
            let (instances, next) = self.0.api.list_instances(&filter, page).await?.into_parts()?;
            let seen: Vec<Seen> = instances.into_iter().map(convert::seen).collect();
            let next = next.map(|token| PageToken::new(format!("{PAGE}{token}")));
            Ok(HostPage { hosts: self.0.hosts(&seen).await?, next })
        };
        self.0.account.call("list_hosts", list).await
    }

    async fn start_host(&self, id: &HostId) -> Result<()> {
        let start = async {
            let seen = self.read(id).await?;
            match seen.state {
                HostState::Running | HostState::Starting | HostState::Provisioning => Ok(()),
                HostState::Suspended => self.begin("start_host", &seen, "resume", None).await,
                _ => self.begin("start_host", &seen, "start", None).await,
            }
        };
        self.0.account.call("start_host", start).await
    }

    async fn stop_host(&self, id: &HostId, mode: StopMode) -> Result<()> {
        let stop = async {
            let seen = self.read(id).await?;
            if seen.state == HostState::Stopped {
                return Ok(());
            }
            let hard = (mode == StopMode::Hard).then_some(("noGracefulShutdown", true));
            self.begin("stop_host", &seen, "stop", hard).await
        };
        self.0.account.call("stop_host", stop).await
    }

    async fn restart_host(&self, id: &HostId) -> Result<()> {
        let restart = async {
            let seen = self.read(id).await?;
            match &seen.state {
                HostState::Running | HostState::Starting => self.begin("restart_host", &seen, "reset", None).await,
                other => Err(Error::new(ErrorKind::Conflict, format!("host {id} is {other}: start it instead"))),
            }
        };
        self.0.account.call("restart_host", restart).await
    }

    async fn delete_host(&self, id: &HostId) -> Result<()> {
        if Place::read(id.as_str()).is_err() {
            return Ok(());
        }
        self.0.account.call("delete_host", delete_whole(&Delete(&self.0), id)).await
    }
}

impl fmt::Debug for Gcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gcp").field("api", &self.0.api).field("owner", self.0.account.owner()).finish_non_exhaustive()
    }
}

/// Google's page token in ours.
fn token_of(page: &PageToken) -> Result<&str> {
    let rule = || Error::invalid("page", "must be a token that this provider wrote");
    page.as_str().strip_prefix(PAGE).filter(|token| !token.is_empty()).ok_or_else(rule)
}

/// Before Google's page tokens, which have no form of their own.
const PAGE: &str = "gcp:";
