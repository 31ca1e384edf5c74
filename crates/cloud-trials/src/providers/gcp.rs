//! Compute Engine in the trials.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use cloud_sim::SimConfig;
use cloud_sim::gcp::{Gcp, Sim};
use cloud_types::clock::ScaledClock;
use cloud_types::{CloudProvider, GiB, HostSpec, Image, Machine, MachineTypeName, Name, Owner, Region, ownership};
use cloud_world::{DiskRequest, Host, HostRequest};
use serde::Deserialize;

use super::Provider;
use crate::bench::Result;
use crate::bench::bare::{BareHttp, Rest};
use crate::bench::subject::{Bare, OWNER, Simulated, Subject};
use crate::chaos::simulated::DEADLINE;
use crate::chaos::{Cloud, Menu, SimulatedField};

/// Its row among the providers.
pub(super) const PROVIDER: Provider = Provider {
    name: "gcp",
    open: |faults, seed| Box::pin(SimulatedField::<Gcp>::open(faults, seed)),
    subject: Some(&Bench),
};

impl Cloud for Gcp {
    fn process(
        url: &str,
        owner: &Owner,
        clock: Arc<ScaledClock>,
        _: &Menu,
    ) -> cloud_types::Result<Arc<dyn CloudProvider>> {
        let config = cloud_gcp::Config::new().access_token("chaos").project("chaos");
        let config = config.endpoint(format!("{url}/compute/v1/")).billing_endpoint(url);
        Ok(Arc::new(config.owner(owner.clone()).clock(clock).deadline(DEADLINE).build()?))
    }

    fn menu() -> cloud_types::Result<Menu> {
        Ok(Menu {
            regions: ["europe-west1", "europe-west4", "us-central1"]
                .into_iter()
                .map(Region::new)
                .collect::<cloud_types::Result<_>>()?,
            small: MachineTypeName::new("e2-small")?,
            larger: MachineTypeName::new("e2-medium")?,
            image: Image::ubuntu("24.04"),
            data_disk: GiB(10),
        })
    }

    fn host_id(host: &Host) -> String {
        format!("{}/{}/{}", host.zone, host.name, host.id)
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
        let config = cloud_gcp::Config::new().access_token("bench").project("bench");
        let config = config.endpoint(format!("{url}/compute/v1/")).billing_endpoint(url);
        Ok(Box::new(config.owner(Owner::new(OWNER)?).clock(Arc::new(ScaledClock::new(speed))).build()?))
    }

    fn spec(&self, name: &str) -> Result<HostSpec> {
        let (name, region) = (Name::new(name)?, Region::new("europe-west1")?);
        Ok(HostSpec::new(name, region, Machine::named("e2-small")?, Image::ubuntu("24.04")))
    }

    fn bare(&self, url: &str) -> Result<Box<dyn Bare>> {
        Ok(Box::new(BareHttp::new(url, &Bench)?))
    }
}

impl Rest for Bench {
    fn host_path(&self, id: &str) -> String {
        let mut parts = id.split('/');
        let (zone, number) = (parts.next().unwrap_or_default(), parts.next_back().unwrap_or_default());
        format!("{PROJECT}/zones/{zone}/instances/{number}")
    }

    fn parse_host(&self, body: &[u8]) -> Result<()> {
        serde_json::from_slice::<Instance>(body)?;
        Ok(())
    }

    fn first_page(&self) -> String {
        format!("{PROJECT}/aggregated/instances?maxResults=500&filter=%28labels.cloud-owner%20%3D%20%22{OWNER}%22%29")
    }

    fn parse_page(&self, body: &[u8]) -> Result<(usize, Option<String>)> {
        let list: List = serde_json::from_slice(body)?;
        let hosts = list.items.values().map(|scope| scope.instances.len()).sum();
        Ok((hosts, list.next_page_token.map(|token| format!("{}&pageToken={token}", self.first_page()))))
    }
}

fn fill(sim: &Sim, hosts: usize) -> Result<()> {
    let now = sim.clock().now();
    let mut world = sim.world();
    let image = world
        .images
        .iter()
        .find(|image| image.name.as_deref().is_some_and(|name| name.contains("ubuntu-2404")))
        .ok_or("there is no image")?
        .id;
    for number in 0..hosts {
        let name = format!("bench-{number}");
        let mut request = HostRequest::new(name.clone(), "e2-small", image, "europe-west1");
        request.zone = Some(ZONES[number % ZONES.len()].to_owned());
        request.labels.insert(ownership::OWNER.to_owned(), OWNER.to_owned());
        request.labels.insert(ownership::NAME.to_owned(), name.clone());
        let labels = request.labels.clone();
        let host = world.create_host(request, now)?.host;
        let disk = DiskRequest { name, size_gb: 10, boot: true, auto_delete: true, image: Some(image), labels };
        world.create_disk(disk, host, now)?;
    }
    Ok(())
}

/// What the provider reads of an instance, and no more.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "parsed and dropped, as a yardstick")]
struct Instance {
    id: String,
    name: String,
    status: String,
    zone: String,
    machine_type: String,
    creation_timestamp: Option<jiff::Timestamp>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    network_interfaces: Vec<Interface>,
    #[serde(default)]
    disks: Vec<Disk>,
    scheduling: Option<Scheduling>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "parsed and dropped, as a yardstick")]
struct Interface {
    #[serde(rename = "networkIP")]
    network_ip: Option<String>,
    #[serde(default)]
    access_configs: Vec<Access>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed and dropped, as a yardstick")]
struct Access {
    #[serde(rename = "natIP")]
    nat_ip: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "parsed and dropped, as a yardstick")]
struct Disk {
    source: Option<String>,
    #[serde(default)]
    boot: bool,
    #[serde(default)]
    auto_delete: bool,
    device_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "parsed and dropped, as a yardstick")]
struct Scheduling {
    provisioning_model: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    items: BTreeMap<String, Scope>,
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Scope {
    #[serde(default)]
    instances: Vec<Instance>,
}

const PROJECT: &str = "compute/v1/projects/bench";
const ZONES: [&str; 3] = ["europe-west1-b", "europe-west1-c", "europe-west1-d"];
