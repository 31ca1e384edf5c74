//! Chaos on the simulator of EC2, in this process.

use std::io;
use std::sync::Arc;

use cloud_sim::aws::{self, Sim};
use cloud_types::clock::ScaledClock;
use cloud_types::{Clock, CloudProvider, GiB, Image, MachineTypeName, Owner, Region, Result};

use super::simulated::{self, DEADLINE};
use super::{Census, Field, Menu, SPEED};

/// A simulator of EC2.
#[derive(Debug)]
pub struct AwsField {
    sim: Sim,
    clock: Arc<ScaledClock>,
    menu: Menu,
}

impl AwsField {
    /// Starts a simulator whose requests meet faults with this probability.
    ///
    /// # Errors
    /// Where no port can be listened at.
    pub async fn start(faults: f64, seed: u64) -> io::Result<Self> {
        let menu = menu().map_err(io::Error::other)?;
        let sim = Sim::start(simulated::config(faults, seed)).await?;
        Ok(Self { sim, clock: Arc::new(ScaledClock::new(SPEED)), menu })
    }
}

impl Field for AwsField {
    fn provider(&self) -> &'static str {
        "aws"
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    fn process(&self, owner: &Owner) -> Result<Arc<dyn CloudProvider>> {
        let config = cloud_aws::Config::new()
            .access_key("AKIACHAOS", "chaos".to_owned())
            .endpoint(self.sim.url())
            .regions(self.menu.regions.clone())
            .owner(owner.clone())
            .clock(self.clock.clone())
            .deadline(DEADLINE);
        Ok(Arc::new(config.build()?))
    }

    fn menu(&self) -> Menu {
        self.menu.clone()
    }

    fn census(&self) -> Census {
        let stats = self.sim.stats();
        simulated::census(
            &self.sim.world(),
            &stats,
            |host| format!("{}/{}", host.region, aws::instance_id(host.id)),
            is_part,
        )
    }
}

/// Of the snapshots of disks, the one of the image is told from those that it is made of by what AWS writes on these.
fn is_part(image: &cloud_world::Image) -> bool {
    image.description.starts_with("Created by CreateImage(")
}

fn menu() -> Result<Menu> {
    Ok(Menu {
        regions: ["eu-west-1", "us-east-1"].into_iter().map(Region::new).collect::<Result<_>>()?,
        small: MachineTypeName::new("t3.small")?,
        larger: MachineTypeName::new("t3.medium")?,
        image: Image::ubuntu("24.04"),
        data_disk: GiB(10),
    })
}
