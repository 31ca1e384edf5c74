//! Hetzner in the trials.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use cloud_sim::SimConfig;
use cloud_sim::hetzner::{Hetzner, Sim};
use cloud_types::clock::ScaledClock;
use cloud_types::{CloudProvider, GiB, HostSpec, Machine, MachineTypeName, Name, Owner, Region, ownership};
use cloud_world::{Host, HostRequest};
use serde::Deserialize;

use super::Provider;
use crate::bench::Result;
use crate::bench::bare::{BareHttp, Rest};
use crate::bench::subject::{Bare, OWNER, Simulated, Subject};
use crate::chaos::simulated::DEADLINE;
use crate::chaos::{Cloud, Menu, SimulatedField};

/// Its row among the providers.
pub(super) const PROVIDER: Provider = Provider {
    name: "hetzner",
    open: |faults, seed| Box::pin(SimulatedField::<Hetzner>::open(faults, seed)),
    subject: Some(&Bench),
};

impl Cloud for Hetzner {
    fn process(
        url: &str,
        owner: &Owner,
        clock: Arc<ScaledClock>,
        _: &Menu,
    ) -> cloud_types::Result<Arc<dyn CloudProvider>> {
        let config = cloud_hetzner::Config::new("chaos").endpoint(format!("{url}/v1"));
        Ok(Arc::new(config.owner(owner.clone()).clock(clock).deadline(DEADLINE).build()?))
    }

    fn menu() -> cloud_types::Result<Menu> {
        Ok(Menu {
            regions: ["fsn1", "nbg1", "hel1"].into_iter().map(Region::new).collect::<cloud_types::Result<_>>()?,
            small: MachineTypeName::new("cx22")?,
            larger: MachineTypeName::new("cx32")?,
            image: cloud_types::Image::ubuntu("24.04"),
            data_disk: GiB(10),
        })
    }

    fn host_id(host: &Host) -> String {
        host.id.to_string()
    }
}

#[derive(Debug)]
struct Bench;

#[async_trait(?Send)]
impl Subject for Bench {
    async fn simulate(&self, config: SimConfig, hosts: usize) -> Result<Simulated> {
        let sim = Sim::start(config).await?;
        fill(&sim, hosts)?;
        Ok(Simulated { url: sim.url().to_owned(), _running: Box::new(sim) })
    }

    fn provider(&self, url: &str, speed: f64) -> Result<Box<dyn CloudProvider>> {
        let config = cloud_hetzner::Config::new("bench").endpoint(format!("{url}/v1"));
        Ok(Box::new(config.owner(Owner::new(OWNER)?).clock(Arc::new(ScaledClock::new(speed))).build()?))
    }

    fn spec(&self, name: &str) -> Result<HostSpec> {
        let (name, region) = (Name::new(name)?, Region::new("fsn1")?);
        Ok(HostSpec::new(name, region, Machine::named("cx22")?, cloud_types::Image::ubuntu("24.04")))
    }

    fn bare(&self, url: &str) -> Result<Box<dyn Bare>> {
        Ok(Box::new(BareHttp::new(url, &Bench)?))
    }
}

impl Rest for Bench {
    fn host_path(&self, id: &str) -> String {
        format!("v1/servers/{id}")
    }

    fn parse_host(&self, body: &[u8]) -> Result<()> {
        serde_json::from_slice::<One>(body)?;
        Ok(())
    }

    fn first_page(&self) -> String {
        page(1)
    }

    fn parse_page(&self, body: &[u8]) -> Result<(usize, Option<String>)> {
        let list: List = serde_json::from_slice(body)?;
        Ok((list.servers.len(), list.meta.pagination.next_page.map(page)))
    }
}

fn page(number: u64) -> String {
    format!("v1/servers?label_selector=cloud-owner%3D{OWNER}&page={number}&per_page=50&sort=id%3Aasc")
}

fn fill(sim: &Sim, hosts: usize) -> Result<()> {
    let now = sim.clock().now();
    let mut world = sim.world();
    let image = world.images.named("ubuntu-24.04").next().ok_or("there is no image")?.id;
    for number in 0..hosts {
        let name = format!("bench-{number}");
        let mut request = HostRequest::new(name.clone(), "cx22", image, "fsn1");
        request.labels.insert(ownership::OWNER.to_owned(), OWNER.to_owned());
        request.labels.insert(ownership::NAME.to_owned(), name);
        world.create_host(request, now)?;
    }
    Ok(())
}

/// What the provider reads of a server, and no more.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed and dropped, as a yardstick")]
struct Server {
    id: u64,
    name: String,
    status: String,
    created: jiff::Timestamp,
    public_net: PublicNet,
    #[serde(default)]
    private_net: Vec<Address>,
    server_type: Named,
    location: Named,
    image: Option<Image>,
    #[serde(default)]
    locked: bool,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed and dropped, as a yardstick")]
struct PublicNet {
    ipv4: Option<Address>,
    ipv6: Option<Address>,
    #[serde(default)]
    firewalls: Vec<Firewall>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed and dropped, as a yardstick")]
struct Address {
    ip: String,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed and dropped, as a yardstick")]
struct Firewall {
    id: u64,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed and dropped, as a yardstick")]
struct Named {
    name: String,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed and dropped, as a yardstick")]
struct Image {
    id: u64,
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed and dropped, as a yardstick")]
struct One {
    server: Server,
}

#[derive(Debug, Deserialize)]
struct List {
    servers: Vec<Server>,
    meta: Meta,
}

#[derive(Debug, Deserialize)]
struct Meta {
    pagination: Pagination,
}

#[derive(Debug, Deserialize)]
struct Pagination {
    next_page: Option<u64>,
}
