//! From a spec to what EC2 is asked for: machine, places, image and disks.

use aws_sdk_ec2::types::{Volume, VolumeState};
use cloud_types::{
    Error, ErrorKind, GiB, HostSpec, HostState, Machine, MachineTypeName, OnDelete, Region, Result, VolumeId, Zone,
    ownership,
};

use crate::client::tagged;
use crate::convert::{self, Place, nonsense};
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
            return Err(Error::invalid("machine type", format!("{name} is not offered in {place}")));
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

    /// The data disk that an earlier host of this name left, with its zone, which decides the host's.
    pub(super) async fn left_disk(&self, spec: &HostSpec) -> Result<Option<(String, String)>> {
        let Some(wished) = &spec.data_disk else { return Ok(None) };
        for volume in self.own_data_disks(&spec.region, spec.name.as_str()).await? {
            if !self.is_left(&spec.region, &volume).await? {
                continue;
            }
            if convert::gib(volume.size)? != wished.size {
                return Err(taken("has another size"));
            }
            let (zone, id) = (volume.availability_zone, volume.volume_id);
            return Ok(Some((zone.ok_or_else(|| nonsense("a volume"))?, id.ok_or_else(|| nonsense("a volume"))?)));
        }
        Ok(None)
    }

    /// Whether a data disk is free; one of a host that is just going is waited for.
    async fn is_left(&self, region: &Region, volume: &Volume) -> Result<bool> {
        let Some(host) = convert::attachment(volume).and_then(|one| one.instance_id.clone()) else {
            return Ok(volume.state == Some(VolumeState::Available));
        };
        if self.is_staying(&Place { region: region.clone(), id: host }).await? {
            return Ok(false);
        }
        let id = volume.volume_id.clone().ok_or_else(|| nonsense("a volume"))?;
        let place = Place { region: region.clone(), id };
        self.until("the data disk of the host before is free", async || match self.volume(&place).await {
            Ok(now) => Ok((now.state == Some(VolumeState::Available)).then_some(true)),
            // It went with its host.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Some(false)),
            Err(error) => Err(error),
        })
        .await
    }

    /// The data disks of this owner's hosts of a name, also of those that are gone.
    pub(crate) async fn own_data_disks(&self, region: &Region, host: &str) -> Result<Vec<Volume>> {
        let filters = [
            tagged(ownership::OWNER, self.owner.as_str()),
            tagged(ownership::NAME, host),
            tagged(tags::USE, tags::DATA_DISK),
        ];
        let mut volumes = self.api.volumes(region, &filters).await?;
        volumes.retain(|volume| convert::is_data_disk(volume) && convert::is_there(volume));
        Ok(volumes)
    }

    /// Gives a host the data disk that was left for it, once the host has got its machine: EC2 cannot do so before.
    pub(super) async fn attach_left_disk(&self, host: &Place, spec: &HostSpec, disk: Option<&str>) -> Result<()> {
        let (Some(id), Some(wished)) = (disk, &spec.data_disk) else { return Ok(()) };
        let place = Place { region: host.region.clone(), id: id.to_owned() };
        let own = tags::of_data_disk(&self.owner, spec.name.as_str(), wished);
        self.api.tag(&host.region, id, &tags::write(&own)).await?;
        let attached = async {
            self.until("the host has its machine", async || {
                let instance = self.reader.read_alone(host).await?;
                Ok((convert::state(&instance) != HostState::Starting).then_some(()))
            })
            .await?;
            self.attach(&VolumeId::new(place.to_string()), &host.host_id()).await
        };
        attached
            .await
            .map_err(|error| error.with_context("the host is made, but its data disk is not attached: repeat the call"))
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

fn taken(why: &str) -> Error {
    Error::new(ErrorKind::AlreadyExists, format!("the data disk that an earlier host of this name left {why}"))
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
