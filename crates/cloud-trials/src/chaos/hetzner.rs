//! Chaos on Hetzner.

use std::sync::Arc;

use cloud_sim::hetzner::Hetzner;
use cloud_types::clock::ScaledClock;
use cloud_types::{CloudProvider, GiB, Image, MachineTypeName, Owner, Region, Result};
use cloud_world::Host;

use super::Menu;
use super::simulated::{Cloud, DEADLINE};

impl Cloud for Hetzner {
    fn process(url: &str, owner: &Owner, clock: Arc<ScaledClock>, _: &Menu) -> Result<Arc<dyn CloudProvider>> {
        let config = cloud_hetzner::Config::new("chaos").endpoint(format!("{url}/v1"));
        Ok(Arc::new(config.owner(owner.clone()).clock(clock).deadline(DEADLINE).build()?))
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

    fn host_id(host: &Host) -> String {
        host.id.to_string()
    }
}
