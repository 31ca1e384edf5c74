//! The bench on Hetzner.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use cloud_sim::SimConfig;
use cloud_sim::hetzner::Sim;
use cloud_types::{CloudProvider, HostSpec, Image as Wished, Machine, Name, Owner, Region, ScaledClock, ownership};
use cloud_world::HostRequest;
use serde::Deserialize;

use super::Result;
use super::subject::{OWNER, Simulated, Subject};

#[derive(Debug)]
pub(super) struct Hetzner;

#[async_trait(?Send)]
impl Subject for Hetzner {
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
        Ok(HostSpec::new(name, region, Machine::named("cx22")?, Wished::ubuntu("24.04")))
    }

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
