//! From a spec to what Google is asked for: machine, zones, image and disks.

use cloud_types::{Error, ErrorKind, GiB, HostSpec, Machine, MachineTypeName, Result};

use crate::catalog::RegionSold;
use crate::client::all_of;
use crate::convert;
use crate::host::Inner;
use crate::image::Boot;
use crate::labels;
use crate::wire::Disk;

/// What the catalog made of a spec.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Google's machine type.
    pub(crate) machine: String,
    /// GPUs that are added to it, and how many.
    pub(crate) accelerator: Option<(String, u32)>,
    /// Whether it has GPUs, its own or added.
    pub(crate) has_gpu: bool,
    /// Where it may live, in the order in which the zones are tried.
    pub(crate) zones: Vec<String>,
    pub(crate) boot: Boot,
    pub(crate) boot_disk: GiB,
    /// The data disk that an earlier host of the name left.
    pub(crate) disk: Option<Disk>,
    /// The name of the host's data disk.
    pub(crate) disk_name: String,
}

impl Inner {
    /// What is known to be wrong before any call.
    pub(crate) fn check(&self, spec: &HostSpec) -> Result<()> {
        self.capabilities().check(spec)?;
        if let Some(zone) = &spec.zone
            && convert::region_of(zone.as_str())? != spec.region
        {
            return Err(Error::invalid("zone", format!("must be one of {}, got {zone}", spec.region)));
        }
        Ok(())
    }

    /// Resolves machine, zones, image and disks by what Google sells.
    pub(crate) async fn plan(&self, spec: &HostSpec) -> Result<Plan> {
        let sold = self.catalog.region(self, &spec.region).await?;
        let name = match &spec.machine {
            Machine::Named(name) => name.clone(),
            Machine::AtLeast(_) => self.cheapest(spec).await?,
            _ => return Err(Error::unsupported("this provider does not know that way to choose a machine")),
        };
        let (machine, accelerator) = split(&name)?;
        let mut zones = zones_with(&sold, &name, spec)?;
        let architecture = sold.architecture(machine)?;
        let boot = self.resolve_image(&spec.image, architecture).await?;
        boot.system.check(spec)?;
        let disk = self.left_disk(spec, &mut zones).await?;
        order(&mut zones, self.owner.as_str(), spec.name.as_str());
        Ok(Plan {
            machine: machine.to_owned(),
            has_gpu: accelerator.is_some() || sold.has_gpu(machine),
            accelerator,
            zones,
            boot_disk: boot_disk(spec, &boot)?,
            boot,
            disk,
            disk_name: labels::data_disk_name(&self.owner, spec.name.as_str()),
        })
    }

    async fn cheapest(&self, spec: &HostSpec) -> Result<MachineTypeName> {
        let Machine::AtLeast(required) = &spec.machine else { unreachable!("the caller has looked") };
        let mut offerings = self.catalog.offerings_of(self, &spec.region).await?;
        offerings.retain(|offering| {
            offering.pricing == spec.pricing
                && spec.zone.as_ref().is_none_or(|zone| offering.zone.as_ref() == Some(zone))
        });
        Ok(cloud_types::Offering::cheapest(&offerings, required)?.machine_type.name.clone())
    }

    /// Whether the plan uses a disk that is gone.
    pub(super) async fn has_lost_disk(&self, plan: &Plan) -> Result<bool> {
        let Some(disk) = &plan.disk else { return Ok(false) };
        match self.api.get_disk(convert::last(&disk.zone), &disk.name).await {
            Ok(now) => Ok(now.creation_timestamp != disk.creation_timestamp),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// The data disk of an earlier host of this name, which decides the zone.
    async fn left_disk(&self, spec: &HostSpec, zones: &mut Vec<String>) -> Result<Option<Disk>> {
        let Some(wished) = &spec.data_disk else { return Ok(None) };
        let name = labels::data_disk_name(&self.owner, spec.name.as_str());
        let found = self.api.all_disks(&all_of(&[("name", &name)])).await?;
        let Some(disk) = found.into_iter().find(|disk| disk.status != "DELETING") else { return Ok(None) };
        let zone = convert::last(&disk.zone).to_owned();
        let taken =
            |by: &str| Err(Error::new(ErrorKind::AlreadyExists, format!("the data disk {name} is taken by {by}")));
        match (zones.contains(&zone), convert::gib(&disk.size_gb)? == wished.size) {
            (false, _) => taken("a volume in another zone"),
            (_, false) => taken("a volume of another size"),
            (true, true) => {
                *zones = vec![zone];
                self.mark_disk(&disk, &labels::of_data_disk(&self.owner, spec.name.as_str(), wished)).await?;
                Ok(Some(disk))
            }
        }
    }
}

/// Splits `n1-standard-4:nvidia-tesla-t4:1` into the machine type and the GPUs that are added to it.
pub(crate) fn split(name: &MachineTypeName) -> Result<(&str, Option<(String, u32)>)> {
    let mut parts = name.as_str().split(':');
    let machine = parts.next().unwrap_or_default();
    match (parts.next(), parts.next().map(str::parse::<u32>), parts.next()) {
        (None, None, None) => Ok((machine, None)),
        (Some(gpu), Some(Ok(count @ 1..)), None) if machine.starts_with("n1-") => {
            Ok((machine, Some((gpu.to_owned(), count))))
        }
        _ => Err(Error::invalid("machine", "must be a machine type, or an n1 type with :GPU:COUNT behind it")),
    }
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

/// One order for each owner and name: hosts spread over the zones, and equal wishes meet in one.
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

impl Plan {
    /// The name of the whole machine, as the catalog has it.
    pub(crate) fn machine_name(&self) -> Result<MachineTypeName> {
        match &self.accelerator {
            Some((gpu, count)) => MachineTypeName::new(format!("{}:{gpu}:{count}", self.machine)),
            None => MachineTypeName::new(self.machine.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_wishes_try_the_zones_in_one_order_and_others_in_another() {
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

    #[test]
    fn gpus_are_added_to_n1_alone() {
        let name = |text: &str| MachineTypeName::new(text).unwrap();
        assert_eq!(split(&name("e2-small")).unwrap(), ("e2-small", None));
        let with = name("n1-standard-4:nvidia-tesla-t4:2");
        assert_eq!(split(&with).unwrap(), ("n1-standard-4", Some(("nvidia-tesla-t4".to_owned(), 2))));
        for wrong in ["e2-small:nvidia-tesla-t4:1", "n1-standard-4:gpu", "n1-standard-4:gpu:0", "n1-standard-4:a:1:2"] {
            assert_eq!(split(&name(wrong)).unwrap_err().field(), Some("machine"), "{wrong}");
        }
    }
}
