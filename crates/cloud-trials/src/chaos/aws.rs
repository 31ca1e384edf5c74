//! Chaos on EC2.

use std::sync::Arc;

use cloud_sim::aws::{self, Aws};
use cloud_types::clock::ScaledClock;
use cloud_types::{CloudProvider, GiB, Image, MachineTypeName, Owner, Region, Result};
use cloud_world::Host;

use super::Menu;
use super::simulated::{Cloud, DEADLINE};

impl Cloud for Aws {
    fn process(url: &str, owner: &Owner, clock: Arc<ScaledClock>, menu: &Menu) -> Result<Arc<dyn CloudProvider>> {
        let config = cloud_aws::Config::new().access_key("AKIACHAOS", "chaos".to_owned());
        let config = config.endpoint(url).regions(menu.regions.clone());
        Ok(Arc::new(config.owner(owner.clone()).clock(clock).deadline(DEADLINE).build()?))
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

    fn host_id(host: &Host) -> String {
        format!("{}/{}", host.region, aws::instance_id(host.id))
    }

    /// Of the snapshots of disks, the one of the image is told from those that it is made of by what AWS writes on these.
    fn is_part(image: &cloud_world::Image) -> bool {
        image.description.starts_with("Created by CreateImage(")
    }
}
