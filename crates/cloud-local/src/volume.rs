//! Volumes: disks apart from hosts, data disks among them.

use async_trait::async_trait;
use cloud_types::{
    Error, ErrorKind, GiB, HostId, Owner, Region, Result, Volume, VolumeId, VolumeSpec, Volumes, Zone, ownership,
};
use cloud_world::{VolumeRequest, VolumeStatus};
use jiff::Timestamp;

use crate::cloud::Cloud;
use crate::convert::{ON_DELETE, world_id};
use crate::error::{locked, not_found, refusal};
use crate::host::absent_is_done;
use crate::local::{ID, named};
use crate::snapshot::gib;
use crate::{Local, Operation};

#[async_trait]
impl Volumes for Local {
    async fn create_volume(&self, spec: &VolumeSpec) -> Result<Volume> {
        let put = |cloud: &mut Cloud, now| put(cloud, &self.owner, spec, now);
        let made = match self.account.capabilities.check_volume(spec.size) {
            Ok(()) => self.repeat(Operation::CreateVolume, put).await,
            Err(error) => Err(error),
        };
        named("create_volume", made)
    }

    async fn get_volume(&self, id: &VolumeId) -> Result<Volume> {
        let read = |cloud: &mut Cloud, _| find(cloud, id).and_then(volume);
        named("get_volume", self.repeat(Operation::GetVolume, read).await)
    }

    async fn list_volumes(&self) -> Result<Vec<Volume>> {
        let list = |cloud: &mut Cloud, now| {
            let all = cloud.world.volumes.listed(now);
            all.filter(|one| ownership::owner_of(&one.labels).as_ref() == Some(&self.owner)).map(volume).collect()
        };
        named("list_volumes", self.repeat(Operation::ListVolumes, list).await)
    }

    async fn attach_volume(&self, id: &VolumeId, host: &HostId) -> Result<()> {
        let attach = |cloud: &mut Cloud, now| attach(cloud, id, host, now);
        named("attach_volume", self.until(Operation::AttachVolume, attach).await)
    }

    async fn detach_volume(&self, id: &VolumeId) -> Result<()> {
        let detach = |cloud: &mut Cloud, now| detach(cloud, id, now);
        named("detach_volume", self.until(Operation::DetachVolume, detach).await)
    }

    async fn grow_volume(&self, id: &VolumeId, size: GiB) -> Result<()> {
        let grow = |cloud: &mut Cloud, now| grow(cloud, id, size, now);
        let grown = match self.account.capabilities.check_volume(size) {
            Ok(()) => self.until(Operation::GrowVolume, grow).await,
            Err(error) => Err(error),
        };
        named("grow_volume", grown)
    }

    async fn delete_volume(&self, id: &VolumeId) -> Result<()> {
        let gone = |cloud: &mut Cloud, now| absent_is_done(delete(cloud, id, now));
        named("delete_volume", self.repeat(Operation::DeleteVolume, gone).await)
    }
}

/// Finds or makes the volume of that name, which the cloud gives only once.
fn put(cloud: &mut Cloud, owner: &Owner, spec: &VolumeSpec, now: Timestamp) -> Result<Volume> {
    let name = format!("{owner}.{}", spec.name);
    if let Some(found) = cloud.world.volumes.named(&name).next() {
        let found = volume(found)?;
        if found.size == spec.size && found.region == spec.region && found.zone == spec.zone {
            return Ok(found);
        }
        let message = format!("volume {} has the name {} and another size or place", found.id, spec.name);
        return Err(Error::new(ErrorKind::AlreadyExists, message));
    }
    let mut labels = ownership::resource_labels(owner, spec.name.as_str());
    if let Some(zone) = &spec.zone {
        check_zone(cloud, &spec.region, zone)?;
        labels.insert(ZONE.to_owned(), zone.to_string());
    }
    let request = VolumeRequest {
        name,
        size_gb: spec.size.0.into(),
        region: spec.region.to_string(),
        host: None,
        format: None,
        labels,
    };
    let (id, _, _) = cloud.world.create_volume(request, now).map_err(refusal)?;
    cloud.world.volumes.find(id).map_err(refusal).and_then(volume)
}

fn check_zone(cloud: &Cloud, region: &Region, zone: &Zone) -> Result<()> {
    let region = cloud.world.catalog.region(region.as_str());
    match region.is_none_or(|region| region.zones.iter().any(|known| known == zone.as_str())) {
        true => Ok(()),
        false => Err(Error::invalid("zone", format!("there is no zone {zone} in this region"))),
    }
}

/// Begins to attach where it has not begun; `None` until the volume is attached.
fn attach(cloud: &mut Cloud, id: &VolumeId, host: &HostId, now: Timestamp) -> Result<Option<()>> {
    let target = cloud.host(host.as_str())?;
    let (target, zone) = (target.id, target.zone.clone());
    let found = find(cloud, id)?;
    match found.host {
        Some(holder) if holder == target => return Ok(Some(())),
        Some(holder) => {
            return Err(Error::new(ErrorKind::Conflict, format!("volume {id} is attached to host {holder}")));
        }
        None if found.status == VolumeStatus::Creating => return Err(locked(format!("volume {id} is being made"))),
        None => {}
    }
    if found.labels.get(ZONE).is_some_and(|place| *place != zone) {
        return Err(Error::invalid("host", format!("must be in the zone of volume {id}, is in {zone}")));
    }
    let found = found.id;
    cloud.world.attach_volume(found, target, now).map_err(refusal)?;
    Ok(cloud.world.volumes.find(found).is_ok_and(|volume| volume.host.is_some()).then_some(()))
}

/// Begins to detach where it has not begun; `None` until the volume is free.
fn detach(cloud: &mut Cloud, id: &VolumeId, now: Timestamp) -> Result<Option<()>> {
    let found = find(cloud, id)?;
    if found.host.is_none() && found.busy.is_empty() {
        return Ok(Some(()));
    }
    let found = found.id;
    cloud.world.detach_volume(found, now).map_err(refusal)?;
    Ok(cloud.world.volumes.find(found).is_ok_and(|volume| volume.host.is_none()).then_some(()))
}

/// Begins to grow where it has not begun; `None` until the volume has the size.
fn grow(cloud: &mut Cloud, id: &VolumeId, size: GiB, now: Timestamp) -> Result<Option<()>> {
    let found = find(cloud, id)?;
    let (found, present) = (found.id, gib(found.size_gb));
    if present == size {
        return Ok(Some(()));
    }
    if present > size {
        return Err(Error::invalid("size", format!("must not be smaller than the {present} that the volume has")));
    }
    cloud.world.resize_volume(found, size.0.into(), now).map_err(refusal)?;
    Ok(cloud.world.volumes.find(found).is_ok_and(|volume| gib(volume.size_gb) == size).then_some(()))
}

fn delete(cloud: &mut Cloud, id: &VolumeId, now: Timestamp) -> Result<()> {
    let id = find(cloud, id)?.id;
    cloud.world.delete_volume(id, now).map_err(refusal)
}

fn find<'a>(cloud: &'a Cloud, id: &VolumeId) -> Result<&'a cloud_world::Volume> {
    let found = world_id(id.as_str()).and_then(|number| cloud.world.volumes.find(number).ok());
    found.ok_or_else(|| not_found("volume", id.as_str()))
}

/// A volume as we tell of it; a data disk has the name of its host with `-data` behind it.
pub(crate) fn volume(volume: &cloud_world::Volume) -> Result<Volume> {
    let label = |key: &str| volume.labels.get(key);
    let name = label(ownership::NAME).unwrap_or(&volume.name);
    Ok(Volume {
        provider: ID,
        id: VolumeId::new(volume.id.to_string()),
        name: if label(ON_DELETE).is_some() { format!("{name}-data") } else { name.clone() },
        owner: ownership::owner_of(&volume.labels),
        region: Region::new(volume.region.as_str())?,
        zone: label(ZONE).map(|zone| Zone::new(zone.as_str())).transpose()?,
        size: gib(volume.size_gb),
        host: volume.host.map(|host| HostId::new(host.to_string())),
        device: Some(format!("/dev/disk/by-id/local-volume-{}", volume.id)),
        created_at: Some(volume.created),
        labels: ownership::user_labels(&volume.labels),
    })
}

/// Label of a volume: the zone that it was asked for in.
const ZONE: &str = "cloud-zone";
