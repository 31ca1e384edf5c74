//! Chaos on the simulator of Hetzner, in this process.

use std::io;
use std::sync::Arc;

use cloud_sim::hetzner::Sim;
use cloud_types::clock::ScaledClock;
use cloud_types::{Clock, CloudProvider, GiB, Image, MachineTypeName, Owner, Region, Result};

use super::simulated::{self, DEADLINE};
use super::{Census, Field, Menu, SPEED};

/// A simulator of Hetzner.
#[derive(Debug)]
pub struct HetznerField {
    sim: Sim,
    clock: Arc<ScaledClock>,
    menu: Menu,
}

impl HetznerField {
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

impl Field for HetznerField {
    fn provider(&self) -> &'static str {
        "hetzner"
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    fn process(&self, owner: &Owner) -> Result<Arc<dyn CloudProvider>> {
        let config = cloud_hetzner::Config::new("chaos")
            .endpoint(format!("{}/v1", self.sim.url()))
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
        simulated::census(&self.sim.world(), &stats, |host| host.id.to_string())
    }
}

fn menu() -> Result<Menu> {
    Ok(Menu {
        regions: ["fsn1", "nbg1", "hel1"].into_iter().map(Region::new).collect::<Result<_>>()?,
        small: MachineTypeName::new("cx22")?,
        larger: MachineTypeName::new("cx32")?,
        image: Image::ubuntu("24.04"),
        data_disk: GiB(10),
    })
}
