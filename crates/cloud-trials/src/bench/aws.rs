//! The bench on EC2, against its bare SDK.

use std::sync::Arc;

use async_trait::async_trait;
use cloud_sim::SimConfig;
use cloud_sim::aws::Sim;
use cloud_types::{CloudProvider, HostSpec, Image, Machine, Name, Owner, Region, ScaledClock};
use cloud_world::Kind;

use super::Result;
use super::sdk::Sdk;
use super::subject::{Bare, OWNER, Simulated, Subject};

#[derive(Debug)]
pub(super) struct Aws;

#[async_trait(?Send)]
impl Subject for Aws {
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
