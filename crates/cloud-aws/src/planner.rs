//! From a spec to what EC2 is asked for: machine, places, image and disks.

use cloud_types::{Error, GiB, HostSpec, Machine, Offering, Result, Zone};

use crate::data_disk::{self, taken};
use crate::labels;
use crate::parts::Parts;
use crate::plan::{Boot, Plan, Subnet};

/// Resolves machine, places, image and disks by what AWS sells.
pub(crate) async fn plan(parts: &Parts, spec: &HostSpec) -> Result<Plan> {
    let zones = parts.stock.zones(&spec.region, spec.zone.as_ref()).await?;
    let machine = match &spec.machine {
        Machine::Named(name) => name.clone(),
        Machine::AtLeast(required) => {
            let mut offerings = parts.stock.offerings(&spec.region, Some(spec.pricing)).await?;
            offerings.retain(|offering| offering.zone.as_ref().is_some_and(|zone| zones.contains(zone)));
            Offering::cheapest(&offerings, required)?.machine_type.name.clone()
        }
        _ => return Err(Error::unsupported("this provider does not know that way to choose a machine")),
    };
    let sold = parts.stock.machine(&spec.region, &machine).await?;
    let zones: Vec<&str> = zones.iter().map(Zone::as_str).filter(|zone| sold.zones.contains(*zone)).collect();
    if zones.is_empty() {
        let place = spec.zone.as_ref().map_or(spec.region.as_str(), |zone| zone.as_str());
        return Err(Error::invalid("machine", format!("{machine} is not offered in {place}")));
    }
    if !sold.pricings.contains(&spec.pricing) {
        return Err(Error::invalid("pricing", format!("{machine} is not sold as {:?}", spec.pricing)));
    }
    let mut places = parts.network.subnets(&spec.region).await?.to_vec();
    places.retain(|place| zones.contains(&place.zone.as_str()));
    if places.is_empty() {
        return Err(Error::invalid("zone", format!("there is no subnet for hosts where {machine} is offered")));
    }
    if spec.public_network.ipv6 {
        places.retain(|place| place.ipv6);
        if places.is_empty() {
            return Err(Error::invalid("public_network", "the subnets for hosts have no IPv6 addresses"));
        }
    }
    let boot = parts.images.resolve(&spec.region, &spec.image, sold.machine.architecture).await?;
    let left_disk = data_disk::left(parts, spec).await?;
    if let Some(disk) = &left_disk {
        places.retain(|place| disk.volume.zone.as_ref().is_some_and(|zone| place.zone == zone.as_str()));
        if places.is_empty() {
            return Err(taken("is in another zone"));
        }
    }
    order(&mut places, parts.account.owner().as_str(), spec.name.as_str());
    let boot_disk = boot_disk(spec, &boot)?;
    Ok(Plan { machine, places, boot_disk, boot, left_disk: left_disk.map(|disk| disk.place.id) })
}

/// One order for each owner and name: hosts spread over the zones, and equal requests meet in one.
fn order(places: &mut [Subnet], owner: &str, name: &str) {
    places.sort_by_cached_key(|place| labels::digest(&[owner, name, &place.zone]));
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
    fn equal_requests_try_the_zones_in_one_order_and_others_in_another() {
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
