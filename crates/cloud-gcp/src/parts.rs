//! What a provider value is made of: each part keeps what it remembers to itself.

use std::time::Duration;

use cloud_driver::{Account, Settings};
use cloud_types::{Ability, AfterResize, Capabilities, GiB, HostRuntime, HostState, Result, StoppedBilling};

use crate::address::Addresses;
use crate::client::Api;
use crate::convert::WRAPPING;
use crate::disk::Disks;
use crate::firewall::Firewalls;
use crate::image::Images;
use crate::network::Network;
use crate::operations::Operations;
use crate::preempted::Preemptions;
use crate::reader::{READ_LAG, Reader};
use crate::seen::Seen;
use crate::shelf::Shelf;

pub(crate) struct Parts {
    pub(crate) account: Account,
    pub(crate) api: Api,
    pub(crate) network: Network,
    pub(crate) operations: Operations,
    pub(crate) reader: Reader,
    pub(crate) shelf: Shelf,
    pub(crate) images: Images,
    pub(crate) firewalls: Firewalls,
    pub(crate) addresses: Addresses,
    pub(crate) disks: Disks,
    preemptions: Preemptions,
}

impl Parts {
    pub(crate) fn new(api: Api, network: Network, settings: Settings) -> Self {
        let account = Account::new(crate::ID, settings.owner, settings.clock, capabilities());
        let operations = Operations::new(&account, &api);
        Self {
            reader: Reader::new(&account, &api),
            shelf: Shelf::new(&account, &api),
            images: Images::new(&account, &api),
            firewalls: Firewalls::new(&account, &api, &operations, &network.network),
            addresses: Addresses::new(&account, &api, &operations, network.addresses),
            disks: Disks::new(&account, &api, &operations),
            preemptions: Preemptions::new(&account, &api),
            operations,
            network,
            account,
            api,
        }
    }

    /// The host of an instance. A spot host that was taken away is told from a stopped one.
    pub(crate) async fn host(&self, seen: &Seen) -> Result<HostRuntime> {
        let mut hosts = self.hosts(std::slice::from_ref(seen)).await?;
        Ok(hosts.remove(0))
    }

    /// The hosts of instances.
    pub(crate) async fn hosts(&self, seen: &[Seen]) -> Result<Vec<HostRuntime>> {
        let taken = self.preemptions.among(seen).await?;
        let host = |one: &Seen| {
            let mut host = self.priced(one)?;
            if taken.contains(one.number()) {
                host.state = HostState::Preempted;
            }
            Ok(host)
        };
        seen.iter().map(host).collect()
    }

    /// A host by what an instance says of itself, with its price where that is known.
    pub(crate) fn priced(&self, seen: &Seen) -> Result<HostRuntime> {
        Ok(self.shelf.priced(seen.host.clone()?, seen.pricing))
    }
}

fn capabilities() -> Capabilities {
    use Ability::{
        Catalog, ConsoleOutput, DataDisk, Gpus, GracefulStop, InboundPorts, Resize, Snapshots, Spot, Sweep, UserData,
        Volumes, WithoutIpv4, Zones,
    };
    let mut claims = Capabilities::none();
    claims.abilities = vec![
        GracefulStop,
        Resize,
        Snapshots,
        Volumes,
        DataDisk,
        Catalog,
        ConsoleOutput,
        Sweep,
        UserData,
        InboundPorts,
        WithoutIpv4,
        Zones,
        Spot,
        Gpus,
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
