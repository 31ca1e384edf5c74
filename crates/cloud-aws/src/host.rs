//! The provider: our trait over EC2's calls.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud_driver::{Account, Settings, create_once};
use cloud_types::{
    Ability, AfterResize, Capabilities, CloudProvider, Created, Error, ErrorKind, GiB, HostId, HostPage, HostRuntime,
    HostSpec, HostState, ListHosts, Owners, PageToken, Region, Result, StopMode, StoppedBilling, ownership,
};
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::client::{Api, REGIONS_AT_ONCE, tagged};
use crate::convert::Place;
use crate::create::Create;
use crate::parts::Parts;
use crate::reader::{READ_LAG, there};
use crate::{delete, labels};

/// AWS EC2, for one owner in one account. Clones are cheap and share connections and credentials.
#[derive(Clone)]
pub struct Aws(pub(crate) Arc<Parts>);

impl Aws {
    /// A value whose hosts are in the default subnets of their zones, or in one subnet.
    pub(crate) fn new(api: Api, settings: Settings, subnet: Option<String>, ipv6: bool) -> Self {
        let account = Account::new(crate::ID, settings.owner, settings.clock, capabilities(ipv6));
        Self(Arc::new(Parts::new(account, api, subnet)))
    }

    /// Changes a host's power, again and again while it is busy with what is about to end.
    async fn change<F>(&self, host: &Place, send: impl Fn() -> F + Send + Sync) -> Result<()>
    where
        F: Future<Output = Result<()>> + Send,
    {
        let mut patience = self.0.account.patience(BUSY);
        loop {
            match send().await {
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    // One that has ended is refused by the same word.
                    self.0.reader.read_alone(host).await?;
                    patience.wait(error).await?;
                }
                other => return other,
            }
        }
    }
}

#[async_trait]
impl CloudProvider for Aws {
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
        let get = async {
            let seen = self.0.reader.read_alone(&Place::of_host(id)?).await?;
            Ok(self.0.stock.priced(&seen))
        };
        self.0.account.call("get_host", get).await
    }

    /// Reads the host together with others. One that this process has made, and that AWS gave up while nobody wanted it so,
    /// is an error of AWS' own reason, or a host that is `Preempted`.
    async fn poll_host(&self, id: &HostId) -> Result<HostRuntime> {
        let poll = async {
            let place = Place::of_host(id)?;
            let seen = self.0.reader.read(&place).await?;
            if !seen.ended {
                return Ok(self.0.stock.priced(&seen));
            }
            if !self.0.reader.is_ours(&place) {
                return Err(seen.gone());
            }
            if seen.is_preempted() {
                let mut host = self.0.stock.priced(&seen);
                host.state = HostState::Preempted;
                return Ok(host);
            }
            Err(seen.given_up().unwrap_or_else(|| seen.gone()))
        };
        self.0.account.call("get_host", poll).await
    }

    /// A page holds one page of each region.
    async fn list_hosts(&self, query: &ListHosts) -> Result<HostPage> {
        let list = async {
            let mut filters = vec![there()];
            let mine = query.owners == Owners::Mine;
            if mine {
                filters.push(tagged(ownership::OWNER, self.0.account.owner().as_str()));
            }
            if let Some(name) = &query.name {
                // What nobody of ours has made bears the console's name alone.
                filters.push(tagged(if mine { ownership::NAME } else { labels::NAME }, name.as_str()));
            }
            let regions = self.0.api.regions().await?;
            let wanted: Vec<(Region, Option<String>)> = match &query.page {
                None => regions.into_iter().map(|region| (region, None)).collect(),
                Some(page) => read_page(page, &regions)?,
            };
            let (reader, filters) = (&self.0.reader, &filters);
            let pages = stream::iter(wanted).map(async |(region, token)| {
                let page = reader.page(&region, filters, token).await?;
                Ok::<_, Error>((region, page))
            });
            let pages: Vec<_> = pages.buffered(REGIONS_AT_ONCE).try_collect().await?;
            let (mut hosts, mut next) = (Vec::new(), BTreeMap::new());
            for (region, (seen, token)) in pages {
                hosts.extend(seen.iter().map(|seen| self.0.stock.priced(seen)));
                next.extend(token.map(|token| (region, token)));
            }
            Ok(HostPage { hosts, next: write_page(&next) })
        };
        self.0.account.call("list_hosts", list).await
    }

    async fn start_host(&self, id: &HostId) -> Result<()> {
        let start = async {
            let place = Place::of_host(id)?;
            // Of one that runs or starts already EC2 makes nothing.
            self.change(&place, || self.0.api.start_instance(&place)).await
        };
        self.0.account.call("start_host", start).await
    }

    async fn stop_host(&self, id: &HostId, mode: StopMode) -> Result<()> {
        let stop = async {
            let place = Place::of_host(id)?;
            let hard = mode == StopMode::Hard;
            self.change(&place, || self.0.api.stop_instance(&place, hard.then_some(true))).await
        };
        self.0.account.call("stop_host", stop).await
    }

    async fn restart_host(&self, id: &HostId) -> Result<()> {
        let restart = async {
            let place = Place::of_host(id)?;
            match self.0.reader.read_alone(&place).await?.host.state {
                HostState::Running | HostState::Starting => {
                    self.change(&place, || self.0.api.reboot_instance(&place)).await
                }
                other => Err(Error::new(ErrorKind::Conflict, format!("host {id} is {other}: start it instead"))),
            }
        };
        self.0.account.call("restart_host", restart).await
    }

    async fn delete_host(&self, id: &HostId) -> Result<()> {
        self.0.account.call("delete_host", delete::delete(&self.0, id)).await
    }
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws").field("api", &self.0.api).field("owner", self.0.account.owner()).finish_non_exhaustive()
    }
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

fn capabilities(ipv6: bool) -> Capabilities {
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
    if ipv6 {
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
