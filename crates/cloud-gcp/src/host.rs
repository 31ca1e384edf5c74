//! The provider: our trait over Google's calls.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud_types::clock::within;
use cloud_types::{
    Ability, AfterResize, Capabilities, Catalog, Clock, CloudProvider, Console, Created, Error, ErrorKind, GiB, HostId,
    HostPage, HostRuntime, HostSpec, HostState, ListHosts, Owner, Owners, PageToken, ProviderId, Resize, Result,
    Snapshots, StopMode, StoppedBilling, Sweep, Volumes, ownership,
};

use crate::catalog::CatalogCache;
use crate::client::{Api, Page, all_of};
use crate::convert::{self, Place};
use crate::firewall::Firewalls;
use crate::image::{Images, WRAPPING};
use crate::operations::Operations;
use crate::preempted::Preemptions;
use crate::reader::{READ_LAG, Reader};
use crate::{delete, wire};

/// Google Compute Engine, for one owner in one project. Clones are cheap and share connections and tokens.
#[derive(Clone)]
pub struct Gcp(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) api: Api,
    pub(crate) owner: Owner,
    pub(crate) network: Network,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) operations: Operations,
    pub(crate) reader: Reader,
    pub(crate) catalog: CatalogCache,
    pub(crate) images: Images,
    pub(crate) firewalls: Firewalls,
    pub(crate) preemptions: Preemptions,
    capabilities: Capabilities,
}

/// Where hosts are attached.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    pub(crate) network: String,
    pub(crate) subnetwork: Option<String>,
    pub(crate) addresses: PublicAddresses,
}

/// What public address a host gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PublicAddresses {
    /// One that a stop gives back.
    Ephemeral,
    /// One that is reserved for it.
    Reserved,
}

impl Default for Network {
    fn default() -> Self {
        let network = "global/networks/default".to_owned();
        Self { network, subnetwork: None, addresses: PublicAddresses::Ephemeral }
    }
}

impl Gcp {
    pub(crate) fn new(api: Api, owner: Owner, network: Network, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            operations: Operations::new(api.clone(), clock.clone()),
            reader: Reader::new(api.clone(), clock.clone()),
            catalog: CatalogCache::default(),
            images: Images::default(),
            firewalls: Firewalls::default(),
            preemptions: Preemptions::default(),
            capabilities: capabilities(),
            api,
            owner,
            network,
            clock,
        }))
    }

    pub(crate) async fn read(&self, id: &HostId) -> Result<wire::Instance> {
        self.0.reader.read_alone(&Place::read(id.as_str())?).await
    }

    /// Accepts a change of power: what a wait that follows will ask about.
    pub(crate) async fn begin(
        &self,
        operation: &'static str,
        instance: &wire::Instance,
        verb: &str,
        parameter: Option<(&str, bool)>,
    ) -> Result<()> {
        let place = Place::of(instance);
        let begun = self.0.api.power(operation, &place, verb, parameter).await?;
        // What is refused at once is told at once.
        crate::error::of_operation(&begun)?;
        self.0.reader.begun(&place, begun);
        Ok(())
    }
}

impl Inner {
    /// The limits and claims that specs are checked against.
    pub(crate) fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// A host by what an instance says of itself, with its price where that is known.
    pub(crate) fn seen(&self, instance: &wire::Instance) -> Result<HostRuntime> {
        convert::host(instance).map(|host| self.catalog.priced(host, instance))
    }
}

#[async_trait]
impl CloudProvider for Gcp {
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
        named("create_host", self.0.create(spec).await)
    }

    async fn get_host(&self, id: &HostId) -> Result<HostRuntime> {
        let read = async { self.0.told(&self.read(id).await?).await };
        named("get_host", read.await)
    }

    /// Waits for the operations that this process has begun on the host, whose failures are this call's, then reads it
    /// together with others.
    async fn poll_host(&self, id: &HostId) -> Result<HostRuntime> {
        let poll = async {
            let place = Place::read(id.as_str())?;
            let operations = self.0.reader.running(&place);
            let ending = async {
                for operation in &operations {
                    self.0.operations.follow(operation).await?;
                }
                Ok(())
            };
            if let Some(ended) = within(&*self.0.clock, *self.0.capabilities.poll.end(), ending).await {
                if !ended.as_ref().is_err_and(Error::is_retryable) {
                    self.0.reader.ended(&place, &operations);
                }
                ended?;
            }
            let instance = self.0.reader.read(&place).await?;
            // A start that has not taken hold yet must not be taken for the end that came before it.
            match self.0.reader.running(&place).is_empty() {
                true => self.0.told(&instance).await,
                false => self.0.seen(&instance),
            }
        };
        named("get_host", poll.await)
    }

    async fn list_hosts(&self, query: &ListHosts) -> Result<HostPage> {
        let list = async {
            let page = query.page.as_ref().map(token_of).transpose()?;
            let owner = format!("labels.{}", ownership::OWNER);
            let mut fields = Vec::new();
            if query.owners == Owners::Mine {
                fields.push((owner.as_str(), self.0.owner.as_str()));
            }
            if let Some(name) = &query.name {
                fields.push(("name", name.as_str()));
            }
            let (instances, next) = self.0.api.list_instances(&all_of(&fields), page).await?.into_parts()?;
            let hosts = self.0.told_all(&instances).await?;
            Ok(HostPage { hosts, next: next.map(|token| PageToken::new(format!("{PAGE}{token}"))) })
        };
        named("list_hosts", list.await)
    }

    async fn start_host(&self, id: &HostId) -> Result<()> {
        let start = async {
            let instance = self.read(id).await?;
            match convert::state(&instance.status) {
                HostState::Running | HostState::Starting | HostState::Provisioning => Ok(()),
                HostState::Suspended => self.begin("start_host", &instance, "resume", None).await,
                _ => self.begin("start_host", &instance, "start", None).await,
            }
        };
        named("start_host", start.await)
    }

    async fn stop_host(&self, id: &HostId, mode: StopMode) -> Result<()> {
        let stop = async {
            let instance = self.read(id).await?;
            if convert::state(&instance.status) == HostState::Stopped {
                return Ok(());
            }
            let hard = (mode == StopMode::Hard).then_some(("noGracefulShutdown", true));
            self.begin("stop_host", &instance, "stop", hard).await
        };
        named("stop_host", stop.await)
    }

    async fn restart_host(&self, id: &HostId) -> Result<()> {
        let restart = async {
            let instance = self.read(id).await?;
            match convert::state(&instance.status) {
                HostState::Running | HostState::Starting => self.begin("restart_host", &instance, "reset", None).await,
                other => Err(Error::new(ErrorKind::Conflict, format!("host {id} is {other}: start it instead"))),
            }
        };
        named("restart_host", restart.await)
    }

    async fn delete_host(&self, id: &HostId) -> Result<()> {
        named("delete_host", delete::delete(&self.0, id).await)
    }

    fn resize(&self) -> Option<&dyn Resize> {
        Some(self)
    }

    fn snapshots(&self) -> Option<&dyn Snapshots> {
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

impl fmt::Debug for Gcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gcp").field("api", &self.0.api).field("owner", &self.0.owner).finish_non_exhaustive()
    }
}

/// Google's page token in ours.
fn token_of(page: &PageToken) -> Result<&str> {
    let rule = || Error::invalid("page", "must be a token that this provider wrote");
    page.as_str().strip_prefix(PAGE).filter(|token| !token.is_empty()).ok_or_else(rule)
}

/// Before Google's page tokens, which have no form of their own.
const PAGE: &str = "gcp:";

/// Names provider and operation in an error.
pub(crate) fn named<T>(operation: &'static str, result: Result<T>) -> Result<T> {
    result.map_err(|error| error.with_provider(&crate::ID).with_operation(operation))
}

fn capabilities() -> Capabilities {
    let mut claims = Capabilities::none();
    claims.abilities = vec![
        Ability::GracefulStop,
        Ability::Resize,
        Ability::Snapshots,
        Ability::Volumes,
        Ability::DataDisk,
        Ability::Catalog,
        Ability::ConsoleOutput,
        Ability::Sweep,
        Ability::UserData,
        Ability::InboundPorts,
        Ability::WithoutIpv4,
        Ability::Zones,
        Ability::Spot,
        Ability::Gpus,
    ];
    // <https://cloud.google.com/compute/docs/instances/stop-start-instance#billing>.
    claims.stopped_billing = StoppedBilling::DisksOnly;
    claims.after_resize = AfterResize::Stopped;
    // 256 KiB a value (<https://cloud.google.com/compute/docs/metadata/overview#limitations>).
    claims.user_data_bytes = 256 * 1024 - WRAPPING;
    // <https://cloud.google.com/compute/docs/disks/persistent-disks>.
    claims.boot_disk = Some(GiB(10)..=GiB(65_536));
    claims.data_disk = GiB(10)..=GiB(65_536);
    claims.poll = Duration::from_secs(1)..=Duration::from_secs(10);
    claims.read_lag = READ_LAG;
    claims
}
