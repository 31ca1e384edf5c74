//! Volumes: persistent disks. A volume that is made apart is found by its own name; a host's data disk is one too.

use std::collections::BTreeSet;

use cloud_driver::{Account, ensure, found, nonsense, volumes};
use cloud_types::{Error, ErrorKind, GiB, HostId, Result, Volume, VolumeId, VolumeSpec, ownership};

use crate::client::all_of;
use crate::convert;
use crate::disk::taken;
use crate::host::Gcp;
use crate::labels;
use crate::parts::Parts;
use crate::place::Place;
use crate::seen::Disk;

cloud_driver::provide_volumes!(Gcp);

impl volumes::Disks for Parts {
    fn account(&self) -> &Account {
        &self.account
    }

    async fn create(&self, spec: &VolumeSpec) -> Result<Volume> {
        let sold = self.shelf.region(&spec.region).await?;
        let mut zones = sold.zones.clone();
        if let Some(zone) = &spec.zone {
            zones.retain(|known| known == zone.as_str());
            if zones.is_empty() {
                return Err(Error::invalid("zone", format!("must be one of {}, got {zone}", sold.zones.join(", "))));
            }
        }
        let name = labels::volume_name(self.account.owner(), &spec.name);
        let own = ownership::resource_labels(self.account.owner(), spec.name.as_str());
        if let Some(found) = self.disks.all(&all_of(&[("name", &name)])).await?.into_iter().next() {
            return same_volume(self, found, spec, &zones).await;
        }
        // One order for everybody, so that two that race meet in one zone.
        let mut full = None;
        for zone in &zones {
            let place = Place::new(zone.as_str(), name.as_str());
            let path = self.api.disk_type_path(zone, convert::disk_type(spec.class, "")).await?;
            let body = convert::create_disk(&name, spec, path, &own);
            let create = || async {
                self.operations.finish(self.api.create_disk(zone, &body)).await?;
                self.disks.shown(&place).await
            };
            let find = || async { found(self.disks.get(&place).await) };
            match ensure(&self.account, create, find).await {
                Err(error) if error.kind() == ErrorKind::NoCapacity => full = Some(error),
                made => return same_volume(self, made?.into_inner(), spec, &zones).await,
            }
        }
        Err(full.unwrap_or_else(|| Error::new(ErrorKind::NoCapacity, "the region has no zone")))
    }

    async fn list(&self) -> Result<Vec<Volume>> {
        let mut disks = self.disks.own().await?;
        disks.retain(|disk| !labels::is_boot_disk(&disk.labels));
        volumes_of(self, &disks).await
    }

    async fn get(&self, id: &VolumeId) -> Result<Volume> {
        volume_of(self, self.disks.get(&Place::read(id.as_str())?).await?).await
    }

    fn is_host(&self, one: &HostId, other: &HostId) -> bool {
        matches!((Place::read(one.as_str()), Place::read(other.as_str())), (Ok(one), Ok(other)) if one.is(&other))
    }

    async fn attach(&self, volume: &Volume, host: &HostId) -> Result<()> {
        let disk = Place::read(volume.id.as_str())?;
        let host = self.reader.read_alone(&Place::read(host.as_str())?).await?.place;
        if disk.zone != host.zone {
            let rule = format!("must be in the host's zone, {}, but the volume is in {}", host.zone, disk.zone);
            return Err(Error::invalid("host", rule));
        }
        let body = convert::attach_disk(self.api.disk_path(&disk).await?, &disk.name);
        self.operations.finish(self.api.attach_disk(&host, &body)).await
    }

    async fn detach(&self, volume: &Volume, host: &HostId) -> Result<()> {
        let (disk, host) = (Place::read(volume.id.as_str())?, Place::read(host.as_str())?);
        let seen = self.reader.get(&host).await?;
        let device = seen.disks.iter().find(|one| one.name == disk.name).map_or(&disk.name, |one| &one.device);
        self.operations.finish(self.api.detach_disk(&host, device)).await
    }

    async fn grow(&self, volume: &Volume, size: GiB) -> Result<()> {
        let disk = Place::read(volume.id.as_str())?;
        self.operations.finish(self.api.resize_disk(&disk, &convert::resize_disk(size))).await
    }

    async fn remove(&self, volume: &Volume) -> Result<()> {
        self.disks.remove(&Place::read(volume.id.as_str())?).await
    }
}

/// The volume of a disk that has its name.
async fn same_volume(parts: &Parts, disk: Disk, spec: &VolumeSpec, zones: &[String]) -> Result<Volume> {
    let others = [
        (!zones.contains(&disk.place.zone), "a volume in another place"),
        (disk.size.clone()? != spec.size, "a volume of another size"),
        (convert::disk_class(&disk.kind) != spec.class, "a volume of another class"),
    ];
    match others.into_iter().find(|(is_other, _)| *is_other) {
        Some((_, by)) => Err(taken("volume name", spec.name.as_str(), by)),
        None => volume_of(parts, disk).await,
    }
}

async fn volume_of(parts: &Parts, disk: Disk) -> Result<Volume> {
    volumes_of(parts, &[disk]).await?.pop().ok_or_else(|| nonsense("no volume"))
}

/// Volumes of disks. A disk knows its host by name alone, so that the hosts are read for their numbers.
async fn volumes_of(parts: &Parts, disks: &[Disk]) -> Result<Vec<Volume>> {
    let names: BTreeSet<&str> = disks.iter().flat_map(|disk| &disk.users).map(|user| user.name.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let mut hosts = Vec::new();
    for chunk in names.chunks(50) {
        hosts.extend(parts.reader.of_names(chunk.iter().copied()).await?.into_iter().map(|seen| seen.place));
    }
    disks.iter().map(|disk| convert::volume(disk, &hosts)).collect()
}
