//! From a spec to what Google is asked for, by what it sells and what an earlier host left.

use cloud_driver::Account;
use cloud_types::{Error, GiB, HostSpec, Machine, MachineTypeName, Offering, Requirements, Result};

use crate::client::all_of;
use crate::convert::{self, RegionSold};
use crate::disk::taken;
use crate::labels;
use crate::parts::Parts;
use crate::plan::{Boot, Plan, split};
use crate::seen::Disk;

/// What is known to be wrong before any call.
pub(crate) fn check(account: &Account, spec: &HostSpec) -> Result<()> {
    account.capabilities().check(spec)?;
    if let Some(zone) = &spec.zone
        && convert::region_of(zone.as_str())? != spec.region
    {
        return Err(Error::invalid("zone", format!("must be one of {}, got {zone}", spec.region)));
    }
    Ok(())
}

/// Resolves machine, zones, image and disks.
pub(crate) async fn plan(parts: &Parts, spec: &HostSpec) -> Result<Plan> {
    let sold = parts.shelf.region(&spec.region).await?;
    let name = match &spec.machine {
        Machine::Named(name) => name.clone(),
        Machine::AtLeast(required) => cheapest(parts, spec, required).await?,
        _ => return Err(Error::unsupported("this provider does not know that way to choose a machine")),
    };
    let (machine, accelerator) = split(&name)?;
    let mut zones = zones_with(&sold, &name, spec)?;
    let boot = parts.images.resolve(&spec.image, sold.architecture(machine)?).await?;
    boot.system.check(spec)?;
    let disk = left_disk(parts, spec, &mut zones).await?;
    order(&mut zones, parts.account.owner().as_str(), spec.name.as_str());
    Ok(Plan {
        machine: machine.to_owned(),
        has_gpu: accelerator.is_some() || sold.has_gpu(machine),
        accelerator,
        zones,
        boot_disk: boot_disk(spec, &boot)?,
        boot,
        disk,
    })
}

async fn cheapest(parts: &Parts, spec: &HostSpec, required: &Requirements) -> Result<MachineTypeName> {
    let mut offerings = parts.shelf.offerings(&spec.region).await?;
    offerings.retain(|offering| {
        offering.pricing == spec.pricing && spec.zone.as_ref().is_none_or(|zone| offering.zone.as_ref() == Some(zone))
    });
    Ok(Offering::cheapest(&offerings, required)?.machine_type.name.clone())
}

/// The data disk of an earlier host of this name, which decides the zone.
async fn left_disk(parts: &Parts, spec: &HostSpec, zones: &mut Vec<String>) -> Result<Option<Disk>> {
    let Some(wanted) = &spec.data_disk else { return Ok(None) };
    let name = labels::data_disk_name(parts.account.owner(), spec.name.as_str());
    let found = parts.disks.all(&all_of(&[("name", &name)])).await?;
    let Some(disk) = found.into_iter().find(|disk| !disk.is_leaving) else { return Ok(None) };
    if !zones.contains(&disk.place.zone) {
        return Err(taken("data disk", &name, "a volume in another zone"));
    }
    if disk.size.clone()? != wanted.size {
        return Err(taken("data disk", &name, "a volume of another size"));
    }
    *zones = vec![disk.place.zone.clone()];
    Ok(Some(disk))
}

/// The zones of the region that sell the machine; the one that was asked for where one was.
fn zones_with(sold: &RegionSold, name: &MachineTypeName, spec: &HostSpec) -> Result<Vec<String>> {
    if let Some(zone) = &spec.zone
        && !sold.zones.iter().any(|known| known == zone.as_str())
    {
        let known = sold.zones.join(", ");
        return Err(Error::invalid("zone", format!("must be one of {known}, got {zone}")));
    }
    let asked = |zone: &&str| spec.zone.as_ref().is_none_or(|asked| asked.as_str() == *zone);
    let zones: Vec<String> = sold.zones_with(name)?.into_iter().filter(asked).map(str::to_owned).collect();
    match (zones.is_empty(), &spec.zone) {
        (false, _) => Ok(zones),
        (true, Some(zone)) => Err(Error::invalid("machine", format!("{name} is not sold in {zone}"))),
        (true, None) => Err(Error::invalid("machine", format!("{name} is not sold in {}", spec.region))),
    }
}

/// One order for each owner and name: hosts spread over the zones, and equal requests meet in one.
fn order(zones: &mut [String], owner: &str, name: &str) {
    zones.sort_by_cached_key(|zone| labels::digest(&[owner, name, zone]));
}

/// The boot disk: as large as asked for, else as the image needs, at least 10 GiB.
fn boot_disk(spec: &HostSpec, boot: &Boot) -> Result<GiB> {
    let least = boot.disk.unwrap_or(GiB(10)).max(GiB(10));
    match spec.boot_disk.size {
        Some(size) if size < least => {
            Err(Error::invalid("boot_disk", format!("must be at least {least} for this image, got {size}")))
        }
        Some(size) => Ok(size),
        None => Ok(least),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_requests_try_the_zones_in_one_order_and_others_in_another() {
        let all = ["r-a", "r-b", "r-c", "r-d"].map(str::to_owned);
        let ordered = |name: &str| {
            let mut zones = all.clone();
            order(&mut zones, "mine", name);
            zones
        };
        assert_eq!(ordered("web-1"), ordered("web-1"));
        let firsts: std::collections::BTreeSet<String> =
            (0..40).map(|number| ordered(&format!("web-{number}"))[0].clone()).collect();
        assert_eq!(firsts.len(), 4, "hosts spread over all zones");
    }
}
