//! From a spec to what EC2 is asked for: machine, places, image and disks.

use cloud_types::{Error, GiB, HostSpec, Machine, MachineTypeName, OnDelete, Result, Zone};

use super::data_disk::taken;
use crate::host::Inner;
use crate::image::Boot;
use crate::network::Subnet;
use crate::tags;

/// What the catalog made of a spec.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) machine: MachineTypeName,
    /// Where it may live, in the order in which the zones are tried.
    pub(crate) places: Vec<Subnet>,
    pub(crate) boot: Boot,
    pub(crate) boot_disk: GiB,
    /// The id of the data disk that an earlier host of the name left.
    pub(crate) left_disk: Option<String>,
}

impl Inner {
    /// What is known to be wrong before any call.
    pub(crate) fn check(&self, spec: &HostSpec) -> Result<()> {
        self.capabilities().check(spec)
    }

    /// Resolves machine, places, image and disks by what AWS sells.
    pub(crate) async fn plan(&self, spec: &HostSpec) -> Result<Plan> {
        let region = self.catalog.region(self, &spec.region).await?;
        if let Some(zone) = &spec.zone
            && !region.zones.contains(zone)
        {
            let known: Vec<&str> = region.zones.iter().map(Zone::as_str).collect();
            return Err(Error::invalid("zone", format!("must be one of {}, got {zone}", known.join(", "))));
        }
        let name = match &spec.machine {
            Machine::Named(name) => name.clone(),
            Machine::AtLeast(_) => self.cheapest(spec).await?,
            _ => return Err(Error::unsupported("this provider does not know that way to choose a machine")),
        };
        let sold = self.catalog.machine(self, &spec.region, &name).await?;
        let asked = |zone: &str| spec.zone.as_ref().is_none_or(|asked| asked.as_str() == zone);
        if !sold.zones.iter().any(|zone| asked(zone)) {
            let place = spec.zone.as_ref().map_or(spec.region.as_str(), |zone| zone.as_str());
            return Err(Error::invalid("machine", format!("{name} is not offered in {place}")));
        }
        if !sold.pricings.contains(&spec.pricing) {
            return Err(Error::invalid("pricing", format!("{name} is not sold as {:?}", spec.pricing)));
        }
        let mut places = self.subnets(&spec.region).await?.to_vec();
        places.retain(|place| asked(&place.zone) && sold.zones.contains(&place.zone));
        if places.is_empty() {
            return Err(Error::invalid("zone", format!("there is no subnet for hosts where {name} is offered")));
        }
        if spec.public_network.ipv6 {
            places.retain(|place| place.ipv6);
            if places.is_empty() {
                return Err(Error::invalid("public_network", "the subnets for hosts have no IPv6 addresses"));
            }
        }
        let boot = self.resolve_image(&spec.region, &spec.image, sold.machine.architecture).await?;
        let left_disk = self.left_disk(spec).await?;
        if let Some((zone, _)) = &left_disk {
            places.retain(|place| place.zone == *zone);
            if places.is_empty() {
                return Err(taken("is in another zone"));
            }
        }
        order(&mut places, self.owner.as_str(), spec.name.as_str());
        Ok(Plan {
            machine: name,
            places,
            boot_disk: boot_disk(spec, &boot)?,
            boot,
            left_disk: left_disk.map(|(_, id)| id),
        })
    }

    async fn cheapest(&self, spec: &HostSpec) -> Result<MachineTypeName> {
        let Machine::AtLeast(required) = &spec.machine else { unreachable!("the caller has looked") };
        let mut offerings = self.catalog.offerings_of(self, &spec.region, Some(spec.pricing)).await?;
        offerings.retain(|offering| spec.zone.as_ref().is_none_or(|zone| offering.zone.as_ref() == Some(zone)));
        Ok(cloud_types::Offering::cheapest(&offerings, required)?.machine_type.name.clone())
    }
}

impl Plan {
    /// The zones in the order in which they are tried.
    pub(crate) fn zones(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(|place| place.zone.as_str())
    }
}

/// Whether the spec wants a disk of its own for data, and no earlier one is there.
pub(super) fn wants_new_disk(spec: &HostSpec, plan: &Plan) -> Option<(cloud_types::DataDisk, bool)> {
    let disk = spec.data_disk.filter(|_| plan.left_disk.is_none())?;
    Some((disk, disk.on_delete == OnDelete::Delete))
}

/// One order for each owner and name: hosts spread over the zones, and equal wishes meet in one.
fn order(places: &mut [Subnet], owner: &str, name: &str) {
    places.sort_by_cached_key(|place| tags::digest(&[owner, name, &place.zone]));
}

/// The boot disk: as large as asked for, else as the image needs.
fn boot_disk(spec: &HostSpec, boot: &Boot) -> Result<GiB> {
    match spec.boot_disk.size {
        Some(size) if size < boot.disk => {
            let rule = format!("must be at least {} for this image, got {size}", boot.disk);
            Err(Error::invalid("boot_disk", rule))
        }
        Some(size) => Ok(size),
        None => Ok(boot.disk),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn equal_wishes_try_the_zones_in_one_order_and_others_in_another() {
        let subnet =
            |zone: &str| Subnet { id: String::new(), zone: zone.to_owned(), network: String::new(), ipv6: false };
        let ordered = |name: &str| {
            let mut places = ["r-a", "r-b", "r-c", "r-d"].map(subnet);
            order(&mut places, "mine", name);
            places.map(|place| place.zone)
        };
        assert_eq!(ordered("web-1"), ordered("web-1"));
        let firsts: BTreeSet<String> = (0..40).map(|number| ordered(&format!("web-{number}"))[0].clone()).collect();
        assert_eq!(firsts.len(), 4, "hosts spread over all zones");
    }
}
