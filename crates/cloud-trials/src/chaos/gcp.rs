//! Chaos on Compute Engine.

use std::sync::Arc;

use cloud_sim::gcp::Gcp;
use cloud_types::clock::ScaledClock;
use cloud_types::{CloudProvider, GiB, Image, MachineTypeName, Owner, Region, Result};
use cloud_world::Host;

use super::Menu;
use super::simulated::{Cloud, DEADLINE};

impl Cloud for Gcp {
    fn process(url: &str, owner: &Owner, clock: Arc<ScaledClock>, _: &Menu) -> Result<Arc<dyn CloudProvider>> {
        let config = cloud_gcp::Config::new().access_token("chaos").project("chaos");
        let config = config.endpoint(format!("{url}/compute/v1/")).billing_endpoint(url);
        Ok(Arc::new(config.owner(owner.clone()).clock(clock).deadline(DEADLINE).build()?))
    }

    fn menu() -> Result<Menu> {
        Ok(Menu {
            regions: ["europe-west1", "europe-west4", "us-central1"]
                .into_iter()
                .map(Region::new)
                .collect::<Result<_>>()?,
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
