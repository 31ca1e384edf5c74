//! The provider: our trait over EC2's calls.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, Instance};
use cloud_types::{
    Ability, AfterResize, Capabilities, Catalog, Clock, CloudProvider, Console, Created, Error, ErrorKind, GiB, HostId,
    HostPage, HostRuntime, HostSpec, HostState, ListHosts, Owner, Owners, PageToken, ProviderId, Region, Resize,
    Result, Snapshots, SshKeys, StopMode, StoppedBilling, Sweep, Volumes, ownership,
};
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::catalog::CatalogCache;
use crate::client::{Api, REGIONS_AT_ONCE, filter, tagged};
use crate::convert::{self, Place};
use crate::create::SpentTokens;
use crate::group::Groups;
use crate::image::Images;
use crate::network::Network;
use crate::reader::{LAG_PAUSE, READ_LAG, Reader};
use crate::ssh_key::Keys;
use crate::{delete, tags};

/// AWS EC2, for one owner in one account. Clones are cheap and share connections and credentials.
#[derive(Clone)]
pub struct Aws(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) api: Api,
    pub(crate) owner: Owner,
    pub(crate) network: Network,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) reader: Reader,
    pub(crate) catalog: CatalogCache,
    pub(crate) images: Images,
    pub(crate) groups: Groups,
    pub(crate) keys: Keys,
    pub(crate) spent: SpentTokens,
    capabilities: Capabilities,
}

impl Aws {
    pub(crate) fn new(api: Api, owner: Owner, network: Network, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            reader: Reader::new(api.clone(), clock.clone()),
            catalog: CatalogCache::default(),
            images: Images::default(),
            groups: Groups::default(),
            keys: Keys::default(),
            spent: SpentTokens::default(),
            capabilities: capabilities(&network),
            api,
            owner,
            network,
            clock,
        }))
    }
}

impl Inner {
    /// The limits and claims that specs are checked against.
    pub(crate) fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Passes over what does not bear this owner's tag.
    pub(crate) fn mine(&self) -> Filter {
        tagged(ownership::OWNER, self.owner.as_str())
    }

    /// A host of an instance, with its price where that is known.
    pub(crate) fn told(&self, region: &Region, instance: &Instance) -> Result<HostRuntime> {
        convert::host(region, instance).map(|host| self.catalog.priced(host, instance))
    }

    /// Changes a host's power, again and again while it is busy with what is about to end.
    async fn change<F>(&self, host: &Place, send: impl Fn() -> F + Send + Sync) -> Result<()>
    where
        F: Future<Output = Result<()>> + Send,
    {
        let until = self.clock.monotonic() + BUSY;
        loop {
            match send().await {
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    // One that has ended is refused by the same word.
                    self.reader.read_alone(host).await?;
                    if self.clock.monotonic() >= until {
                        return Err(error);
                    }
                    self.clock.sleep(LAG_PAUSE).await;
                }
                other => return other,
            }
        }
    }
}

#[async_trait]
impl CloudProvider for Aws {
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
        named("create_host", Box::pin(self.0.create(spec)).await)
    }

    async fn get_host(&self, id: &HostId) -> Result<HostRuntime> {
        let get = async {
            let place = Place::of_host(id)?;
            let instance = self.0.reader.read_alone(&place).await?;
            self.0.told(&place.region, &instance)
        };
        named("get_host", get.await)
    }

    /// Reads the host together with others. One that this process has made, and that AWS gave up while nobody wanted it so,
    /// is an error of AWS' own reason, or a host that is `Preempted`.
    async fn poll_host(&self, id: &HostId) -> Result<HostRuntime> {
        let poll = async {
            let place = Place::of_host(id)?;
            let instance = self.0.reader.read(&place).await?;
            if !convert::is_ended(&instance) {
                return self.0.told(&place.region, &instance);
            }
            if !self.0.reader.is_ours(&place) {
                return Err(convert::ended(&place, &instance));
            }
            if convert::is_preempted(&instance) {
                let mut host = self.0.told(&place.region, &instance)?;
                host.state = HostState::Preempted;
                return Ok(host);
            }
            Err(convert::given_up(&instance).unwrap_or_else(|| convert::ended(&place, &instance)))
        };
        named("get_host", poll.await)
    }

    /// A page holds one page of each region.
    async fn list_hosts(&self, query: &ListHosts) -> Result<HostPage> {
        let list = async {
            let mut filters = vec![there()];
            let mine = query.owners == Owners::Mine;
            if mine {
                filters.push(tagged(ownership::OWNER, self.0.owner.as_str()));
            }
            if let Some(name) = &query.name {
                // What nobody of ours has made bears the console's name alone.
                filters.push(tagged(if mine { ownership::NAME } else { tags::NAME }, name.as_str()));
            }
            let regions = self.0.api.regions().await?;
            let wanted: Vec<(Region, Option<String>)> = match &query.page {
                None => regions.into_iter().map(|region| (region, None)).collect(),
                Some(page) => read_page(page, &regions)?,
            };
            let (api, filters) = (&self.0.api, &filters);
            let pages = stream::iter(wanted).map(async |(region, token)| {
                let page = api.list_instances(&region, filters, token).await?;
                Ok::<_, Error>((region, page))
            });
            let pages: Vec<_> = pages.buffered(REGIONS_AT_ONCE).try_collect().await?;
            let (mut hosts, mut next) = (Vec::new(), BTreeMap::new());
            for (region, (instances, token)) in pages {
                for instance in &instances {
                    hosts.push(self.0.told(&region, instance)?);
                }
                if let Some(token) = token.filter(|token| !token.is_empty()) {
                    next.insert(region, token);
                }
            }
            Ok(HostPage { hosts, next: write_page(&next) })
        };
        named("list_hosts", Box::pin(list).await)
    }

    async fn start_host(&self, id: &HostId) -> Result<()> {
        let start = async {
            let place = Place::of_host(id)?;
            // Of one that runs or starts already EC2 makes nothing.
            self.0.change(&place, || self.0.api.start_instance(&place)).await
        };
        named("start_host", start.await)
    }

    async fn stop_host(&self, id: &HostId, mode: StopMode) -> Result<()> {
        let stop = async {
            let place = Place::of_host(id)?;
            let hard = mode == StopMode::Hard;
            self.0.change(&place, || self.0.api.stop_instance(&place, hard.then_some(true))).await
        };
        named("stop_host", stop.await)
    }

    async fn restart_host(&self, id: &HostId) -> Result<()> {
        let restart = async {
            let place = Place::of_host(id)?;
            let instance = self.0.reader.read_alone(&place).await?;
            match convert::state(&instance) {
                HostState::Running | HostState::Starting => {
                    self.0.change(&place, || self.0.api.reboot_instance(&place)).await
                }
                other => Err(Error::new(ErrorKind::Conflict, format!("host {id} is {other}: start it instead"))),
            }
        };
        named("restart_host", restart.await)
    }

    async fn delete_host(&self, id: &HostId) -> Result<()> {
        named("delete_host", Box::pin(delete::delete(&self.0, id)).await)
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

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws").field("api", &self.0.api).field("owner", &self.0.owner).finish_non_exhaustive()
    }
}

/// Passes over instances that have ended.
pub(crate) fn there() -> Filter {
    filter("instance-state-name", ["pending", "running", "stopping", "stopped", "shutting-down"])
}

/// Passes over those that are ending as well.
pub(crate) fn staying() -> Filter {
    filter("instance-state-name", ["pending", "running", "stopping", "stopped"])
}

/// Passes over all but those that are ending.
pub(crate) fn leaving() -> Filter {
    filter("instance-state-name", ["shutting-down"])
}

/// Our page token: the regions that go on, each with EC2's own token, a line each.
fn write_page(next: &BTreeMap<Region, String>) -> Option<PageToken> {
    let lines: Vec<String> = next.iter().map(|(region, token)| format!("{region} {token}")).collect();
    (!lines.is_empty()).then(|| PageToken::new(format!("{PAGE}{}", lines.join("\n"))))
}

fn read_page(page: &PageToken, regions: &[Region]) -> Result<Vec<(Region, Option<String>)>> {
    let line = |line: &str| {
        let (region, token) = line.split_once(' ')?;
        let region = regions.iter().find(|known| known.as_str() == region)?.clone();
        (!token.is_empty()).then(|| (region, Some(token.to_owned())))
    };
    let lines = page.as_str().strip_prefix(PAGE).and_then(|lines| lines.lines().map(line).collect::<Option<Vec<_>>>());
    let rule = || Error::invalid("page", "must be a token that this provider wrote");
    lines.filter(|lines| !lines.is_empty()).ok_or_else(rule)
}

/// Names provider and operation in an error.
pub(crate) fn named<T>(operation: &'static str, result: Result<T>) -> Result<T> {
    result.map_err(|error| error.with_provider(&crate::ID).with_operation(operation))
}

fn capabilities(network: &Network) -> Capabilities {
    let mut claims = Capabilities::none();
    claims.abilities = vec![
        Ability::GracefulStop,
        Ability::Resize,
        Ability::Snapshots,
        Ability::SshKeys,
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
    if network.ipv6 {
        claims.abilities.push(Ability::Ipv6);
    }
    // <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Stop_Start.html>.
    claims.stopped_billing = StoppedBilling::DisksOnly;
    claims.after_resize = AfterResize::Stopped;
    // Before base64 (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html>).
    claims.user_data_bytes = 16 * 1024;
    // <https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html>.
    claims.boot_disk = Some(GiB(1)..=GiB(65_536));
    claims.data_disk = GiB(1)..=GiB(65_536);
    claims.poll = Duration::from_secs(2)..=Duration::from_secs(10);
    claims.read_lag = READ_LAG;
    claims
}

/// Before EC2's page tokens, which have no form of their own.
const PAGE: &str = "aws:";
/// How long a change waits for a host that is busy.
const BUSY: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_token_comes_back_and_a_strange_one_is_refused() {
        let regions = ["eu-west-1", "us-east-1"].map(|name| Region::new(name).unwrap());
        let next = BTreeMap::from([(regions[1].clone(), "eyJ2Ij0= +/".to_owned())]);
        let page = write_page(&next).unwrap();
        assert_eq!(read_page(&page, &regions).unwrap(), [(regions[1].clone(), Some("eyJ2Ij0= +/".to_owned()))]);
        assert_eq!(write_page(&BTreeMap::new()), None);
        for strange in ["", "aws:", "aws:eu-west-1", "aws:eu-west-1 ", "aws:mars-1 x", "gcp:x", "aws:eu-west-1 a\n\nb"]
        {
            let error = read_page(&PageToken::new(strange), &regions).unwrap_err();
            assert_eq!(error.field(), Some("page"), "{strange:?}");
        }
    }
}
