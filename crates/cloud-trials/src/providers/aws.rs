//! EC2 in the trials; its bench is against its bare SDK.

use std::sync::Arc;

use async_trait::async_trait;
use cloud_sim::SimConfig;
use cloud_sim::aws::{self, Aws, Sim};
use cloud_types::clock::ScaledClock;
use cloud_types::{CloudProvider, GiB, HostSpec, Image, Machine, MachineTypeName, Name, Owner, Region};
use cloud_world::{Host, Kind};

use super::Provider;
use crate::bench::Result;
use crate::bench::sdk::Sdk;
use crate::bench::subject::{Bare, OWNER, Simulated, Subject};
use crate::chaos::simulated::DEADLINE;
use crate::chaos::{Cloud, Menu, SimulatedField};

/// Its row among the providers.
pub(super) const PROVIDER: Provider = Provider {
    name: "aws",
    open: |faults, seed| Box::pin(SimulatedField::<Aws>::open(faults, seed)),
    subject: Some(&Bench),
};

impl Cloud for Aws {
    fn process(
        url: &str,
        owner: &Owner,
        clock: Arc<ScaledClock>,
        menu: &Menu,
    ) -> cloud_types::Result<Arc<dyn CloudProvider>> {
        let config = cloud_aws::Config::new().access_key("AKIACHAOS", "chaos".to_owned());
        let config = config.endpoint(url).regions(menu.regions.clone());
        Ok(Arc::new(config.owner(owner.clone()).clock(clock).deadline(DEADLINE).build()?))
    }

    fn menu() -> cloud_types::Result<Menu> {
        Ok(Menu {
            regions: ["eu-west-1", "us-east-1"].into_iter().map(Region::new).collect::<cloud_types::Result<_>>()?,
            small: MachineTypeName::new("t3.small")?,
            larger: MachineTypeName::new("t3.medium")?,
            image: Image::ubuntu("24.04"),
            data_disk: GiB(10),
        })
    }

    fn host_id(host: &Host) -> String {
        format!("{}/{}", host.region, aws::instance_id(host.id))
    }

    /// Of the snapshots of disks, the one of the image is told from those that it is made of by what AWS writes on these.
    fn is_part(image: &cloud_world::Image) -> bool {
        image.description.starts_with("Created by CreateImage(")
    }
}

#[derive(Debug)]
struct Bench;

#[async_trait(?Send)]
impl Subject for Bench {
    async fn simulate(&self, config: SimConfig, hosts: usize) -> Result<Simulated> {
        let quotas = [Kind::Host, Kind::Volume, Kind::Address].map(|kind| (kind, MANY)).to_vec();
        let sim = Sim::start(SimConfig { quotas, ..config }).await?;
        if hosts > 0 {
            Sdk::new(&sim.url(), REGION)?.run(MACHINE, hosts).await?;
        }
        Ok(Simulated { url: sim.url(), _running: Box::new(sim) })
    }

    fn provider(&self, url: &str, speed: f64) -> Result<Box<dyn CloudProvider>> {
        let config = cloud_aws::Config::new().access_key("AKIABENCH", "bench".to_owned()).endpoint(url);
        let config = config.regions([Region::new(REGION)?]).owner(Owner::new(OWNER)?);
        Ok(Box::new(config.clock(Arc::new(ScaledClock::new(speed))).build()?))
    }

    fn spec(&self, name: &str) -> Result<HostSpec> {
        let (name, region) = (Name::new(name)?, Region::new(REGION)?);
        Ok(HostSpec::new(name, region, Machine::named(MACHINE)?, Image::ubuntu("24.04")))
    }

    fn bare(&self, url: &str) -> Result<Box<dyn Bare>> {
        Ok(Box::new(Sdk::new(url, REGION)?))
    }
}

const REGION: &str = "eu-west-1";
const MACHINE: &str = "t3.small";
/// More than the bench makes.
const MANY: u64 = 1_000_000;
