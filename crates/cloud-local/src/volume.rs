//! Volumes: disks apart from hosts, data disks among them.

use cloud_driver::Account;
use cloud_driver::volumes::Disks;
use cloud_types::{
    Error, ErrorKind, GiB, HostId, Owner, Region, Result, Volume, VolumeId, VolumeSpec, Zone, ownership,
};
use cloud_world::{VolumeRequest, VolumeStatus};
use jiff::Timestamp;

use crate::cloud::Cloud;
use crate::convert::{self, gib, world_id};
use crate::error::{locked, not_found, refusal};
use crate::faults::Operation;
use crate::labels::ZONE;
use crate::local::{Local, Parts};

cloud_driver::provide_volumes!(Local);

impl Disks for Parts {
    fn account(&self) -> &Account {
        &self.account
    }

    async fn create(&self, spec: &VolumeSpec) -> Result<Volume> {
        let put = |cloud: &mut Cloud, now| put(cloud, self.account.owner(), spec, now);
        self.client.repeat(Operation::CreateVolume, put).await
    }

    async fn list(&self) -> Result<Vec<Volume>> {
        let list = |cloud: &mut Cloud, now| {
            let all = cloud.world.volumes.listed(now);
            let mine = all.filter(|one| ownership::owner_of(&one.labels).as_ref() == Some(self.account.owner()));
            mine.map(convert::volume).collect()
        };
        self.client.repeat(Operation::ListVolumes, list).await
    }

    async fn get(&self, id: &VolumeId) -> Result<Volume> {
        let read = |cloud: &mut Cloud, _| find(cloud, id).and_then(convert::volume);
        self.client.repeat(Operation::GetVolume, read).await
    }

    async fn attach(&self, volume: &Volume, host: &HostId) -> Result<()> {
        let attach = |cloud: &mut Cloud, now| attach(cloud, &volume.id, host, now);
        self.client.until("the volume is attached", Operation::AttachVolume, attach).await
    }

    async fn detach(&self, volume: &Volume, _: &HostId) -> Result<()> {
        let detach = |cloud: &mut Cloud, now| detach(cloud, &volume.id, now);
        self.client.until("the volume is detached", Operation::DetachVolume, detach).await
    }

    async fn grow(&self, volume: &Volume, size: GiB) -> Result<()> {
        let grow = |cloud: &mut Cloud, now| grow(cloud, &volume.id, size, now);
        self.client.until("the volume has grown", Operation::GrowVolume, grow).await
    }

    async fn remove(&self, volume: &Volume) -> Result<()> {
        let delete = |cloud: &mut Cloud, now| {
            let found = find(cloud, &volume.id)?.id;
            cloud.world.delete_volume(found, now).map_err(refusal)
        };
        self.client.repeat(Operation::DeleteVolume, delete).await
    }
}

/// Finds or makes the volume of that name, which the cloud gives only once.
fn put(cloud: &mut Cloud, owner: &Owner, spec: &VolumeSpec, now: Timestamp) -> Result<Volume> {
    let name = format!("{owner}.{}", spec.name);
    if let Some(found) = cloud.world.volumes.named(&name).next() {
        let found = convert::volume(found)?;
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
    cloud.world.volumes.find(id).map_err(refusal).and_then(convert::volume)
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
    if found.host == Some(target) {
        return Ok(Some(()));
    }
    if found.status == VolumeStatus::Creating {
        return Err(locked(format!("volume {id} is being made")));
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
    let id = found.id;
    if gib(found.size_gb) == size {
        return Ok(Some(()));
    }
    cloud.world.resize_volume(id, size.0.into(), now).map_err(refusal)?;
    Ok(cloud.world.volumes.find(id).is_ok_and(|volume| gib(volume.size_gb) == size).then_some(()))
}

fn find<'a>(cloud: &'a Cloud, id: &VolumeId) -> Result<&'a cloud_world::Volume> {
    let found = world_id(id.as_str()).and_then(|number| cloud.world.volumes.find(number).ok());
    found.ok_or_else(|| not_found("volume", id.as_str()))
}
