//! Chaos on the simulator of Hetzner, in this process.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use cloud_sim::hetzner::Sim;
use cloud_sim::{RateLimit, SimConfig};
use cloud_types::clock::ScaledClock;
use cloud_types::{Clock, CloudProvider, GiB, Image, MachineTypeName, Owner, Region, Result, ownership};
use cloud_world::ImageKind;

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
        let config = SimConfig {
            speed: SPEED,
            seed,
            faults,
            // The budget is a trial of its own.
            rate_limit: RateLimit { limit: 1_000_000_000, per_second: 1e6, initial: None },
            ..SimConfig::default()
        };
        let menu = menu().map_err(io::Error::other)?;
        Ok(Self { sim: Sim::start(config).await?, clock: Arc::new(ScaledClock::new(SPEED)), menu })
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
        let world = self.sim.world();
        let label = |labels: &cloud_world::Labels, key: &str| labels.get(key).cloned().unwrap_or_default();
        let hosts = world.hosts.iter();
        let snapshots = world.images.iter().filter(|image| image.kind == ImageKind::Snapshot);
        Census {
            hosts: hosts
                .map(|host| (label(&host.labels, ownership::OWNER), host.name.clone(), host.id.to_string()))
                .collect(),
            snapshots: snapshots.map(|image| label(&image.labels, ownership::NAME)).collect(),
            counts: world.counts().into_iter().map(|(kind, count)| (kind.words().to_owned(), count)).collect(),
            calls: stats.total_calls(),
            faults: stats.total_faults(),
        }
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

/// Simulated time: on a busy machine an answer takes a simulated second, and it is lost often.
const DEADLINE: Duration = Duration::from_secs(120);
