//! Volumes: persistent disks. A volume that is made apart is found by its own name; a host's data disk is one too.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use cloud_types::{Error, ErrorKind, GiB, HostId, Result, Volume, VolumeId, VolumeSpec, Volumes, ownership};

use crate::client::{all_of, any_of};
use crate::convert::{self, Place};
use crate::delete::gone;
use crate::host::{Gcp, Inner, named};
use crate::labels;
use crate::reader::LAG_PAUSE;
use crate::wire::{CreateDisk, Disk};

#[async_trait]
impl Volumes for Gcp {
    async fn create_volume(&self, spec: &VolumeSpec) -> Result<Volume> {
        named("create_volume", self.0.create_volume(spec).await)
    }

    async fn get_volume(&self, id: &VolumeId) -> Result<Volume> {
        let read = async {
            let place = Place::read(id.as_str())?;
            let disk = self.0.api.get_disk(&place.zone, &place.name).await?;
            self.0.volumes_of(vec![disk]).await?.pop().ok_or_else(|| convert::nonsense("no volume"))
        };
        named("get_volume", read.await)
    }

    async fn list_volumes(&self) -> Result<Vec<Volume>> {
        let list = async {
            let disks = self.0.own_disks().await?.into_iter().filter(|disk| !labels::is_boot_disk(&disk.labels));
            self.0.volumes_of(disks.collect()).await
        };
        named("list_volumes", list.await)
    }

    async fn attach_volume(&self, id: &VolumeId, host: &HostId) -> Result<()> {
        named("attach_volume", self.0.attach(id, host).await)
    }

    async fn detach_volume(&self, id: &VolumeId) -> Result<()> {
        named("detach_volume", self.0.detach(id).await)
    }

    async fn grow_volume(&self, id: &VolumeId, size: GiB) -> Result<()> {
        named("grow_volume", self.0.grow(id, size).await)
    }

    async fn delete_volume(&self, id: &VolumeId) -> Result<()> {
        let Ok(place) = Place::read(id.as_str()) else { return Ok(()) };
        let delete = async {
            match self.0.api.get_disk(&place.zone, &place.name).await {
                Ok(disk) if !disk.users.is_empty() => {
                    Err(Error::new(ErrorKind::Conflict, format!("volume {id} is attached: detach it first")))
                }
                Ok(_) => self.0.remove_disk(&place.zone, &place.name).await,
                Err(error) => gone(Err(error)),
            }
        };
        named("delete_volume", delete.await)
    }
}

impl Inner {
    async fn create_volume(&self, spec: &VolumeSpec) -> Result<Volume> {
        self.capabilities().check_volume(spec.size)?;
        let sold = self.catalog.region(self, &spec.region).await?;
        let mut zones = sold.zones.clone();
        if let Some(zone) = &spec.zone {
            zones.retain(|known| known == zone.as_str());
            if zones.is_empty() {
                return Err(Error::invalid("zone", format!("must be one of {}, got {zone}", sold.zones.join(", "))));
            }
        }
        let name = labels::volume_name(&self.owner, &spec.name);
        let own = ownership::resource_labels(&self.owner, spec.name.as_str());
        if let Some(found) = self.api.all_disks(&all_of(&[("name", &name)])).await?.into_iter().next() {
            return self.same_volume(found, spec, &zones).await;
        }
        // One order for everybody, so that two that race meet in one zone.
        let mut full = None;
        for zone in &zones {
            let disk_type = convert::disk_type(spec.class, "");
            let body = CreateDisk {
                name: &name,
                size_gb: spec.size.0.to_string(),
                r#type: self.api.disk_type_path(zone, disk_type).await?,
                labels: &own,
            };
            let made = match self.api.create_disk(zone, &body).await {
                Ok(operation) => self.operations.wait(&operation).await,
                Err(error) => Err(error),
            };
            match made {
                Err(error) if error.kind() == ErrorKind::NoCapacity => full = Some(error),
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
                Ok(()) | Err(_) => {
                    let disk = self.see_disk(zone, &name).await?;
                    return self.same_volume(disk, spec, &zones).await;
                }
            }
        }
        Err(full.unwrap_or_else(|| Error::new(ErrorKind::NoCapacity, "the region has no zone")))
    }

    /// Reads a disk that is there, perhaps not shown yet.
    async fn see_disk(&self, zone: &str, name: &str) -> Result<Disk> {
        for _ in 0..TRIES {
            match self.api.get_disk(zone, name).await {
                Err(error) if error.kind() == ErrorKind::NotFound => self.clock.sleep(LAG_PAUSE).await,
                other => return other,
            }
        }
        Err(Error::new(ErrorKind::Conflict, format!("the volume {name} is being deleted")))
    }

    async fn same_volume(&self, disk: Disk, spec: &VolumeSpec, zones: &[String]) -> Result<Volume> {
        let taken = |by: &str| {
            Err(Error::new(ErrorKind::AlreadyExists, format!("the volume name {} is taken by {by}", spec.name)))
        };
        let here = zones.iter().any(|zone| zone == convert::last(&disk.zone));
        let same_size = convert::gib(&disk.size_gb)? == spec.size;
        let same_class = convert::disk_class(&disk.r#type) == spec.class;
        match (here, same_size, same_class) {
            (false, _, _) => taken("a volume in another place"),
            (_, false, _) => taken("a volume of another size"),
            (_, _, false) => taken("a volume of another class"),
            (true, true, true) => {
                self.volumes_of(vec![disk]).await?.pop().ok_or_else(|| convert::nonsense("no volume"))
            }
        }
    }

    /// The disks that bear this owner's label.
    pub(crate) async fn own_disks(&self) -> Result<Vec<Disk>> {
        let owner = format!("labels.{}", ownership::OWNER);
        self.api.all_disks(&all_of(&[(&owner, self.owner.as_str())])).await
    }

    /// Volumes of disks. A disk knows its host by name alone, so that the hosts are read for their numbers.
    async fn volumes_of(&self, disks: Vec<Disk>) -> Result<Vec<Volume>> {
        let names: BTreeSet<&str> = disks.iter().flat_map(|disk| &disk.users).map(|user| convert::last(user)).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let mut hosts = BTreeMap::new();
        for chunk in names.chunks(50) {
            for instance in self.api.all_instances(&any_of("name", chunk.iter().copied())).await? {
                let place = Place::of(&instance);
                hosts.insert((place.zone.clone(), place.name.clone()), place.host_id());
            }
        }
        disks.iter().map(|disk| convert::volume(disk, &hosts)).collect()
    }

    async fn attach(&self, id: &VolumeId, host: &HostId) -> Result<()> {
        let (disk, host) = (Place::read(id.as_str())?, Place::read(host.as_str())?);
        let host = Place::of(&self.reader.read_alone(&host).await?);
        let is_here =
            |seen: &Disk| disk.zone == host.zone && seen.users.iter().any(|user| convert::last(user) == host.name);
        let seen = self.api.get_disk(&disk.zone, &disk.name).await?;
        match (is_here(&seen), seen.users.is_empty()) {
            (true, _) => return Ok(()),
            (false, false) => {
                return Err(Error::new(ErrorKind::Conflict, format!("volume {id} is attached to another host")));
            }
            (false, true) => {}
        }
        if disk.zone != host.zone {
            let rule = format!("must be in the host's zone, {}, but the volume is in {}", host.zone, disk.zone);
            return Err(Error::invalid("host", rule));
        }
        let attached = match self.api.attach_disk(&host, &disk.name).await {
            Ok(operation) => self.operations.wait(&operation).await,
            Err(error) => Err(error),
        };
        match attached {
            // Refused because an earlier attempt had been carried out.
            Err(error) if !is_here(&self.api.get_disk(&disk.zone, &disk.name).await?) => Err(error),
            _ => Ok(()),
        }
    }

    async fn detach(&self, id: &VolumeId) -> Result<()> {
        let disk = Place::read(id.as_str())?;
        let seen = self.api.get_disk(&disk.zone, &disk.name).await?;
        let Some(user) = seen.users.first() else { return Ok(()) };
        let user = Place { zone: disk.zone.clone(), name: convert::last(user).to_owned(), number: None };
        let detached = async {
            let instance = self.api.get_instance(&user).await?;
            let here = instance.disks.iter().find(|one| convert::last(&one.source) == disk.name);
            let device = here.map_or(disk.name.as_str(), |one| one.device_name.as_str());
            let operation = self.api.detach_disk(&user, device).await?;
            self.operations.wait(&operation).await
        };
        match detached.await {
            Err(error) if !self.api.get_disk(&disk.zone, &disk.name).await?.users.is_empty() => Err(error),
            _ => Ok(()),
        }
    }

    async fn grow(&self, id: &VolumeId, size: GiB) -> Result<()> {
        self.capabilities().check_volume(size)?;
        let place = Place::read(id.as_str())?;
        let now = convert::gib(&self.api.get_disk(&place.zone, &place.name).await?.size_gb)?;
        match now.cmp(&size) {
            Ordering::Equal => return Ok(()),
            Ordering::Greater => {
                return Err(Error::invalid("size", format!("must be at least {now}: a volume never shrinks")));
            }
            Ordering::Less => {}
        }
        let grown = match self.api.resize_disk(&place.zone, &place.name, size.0).await {
            Ok(operation) => self.operations.wait(&operation).await,
            Err(error) => Err(error),
        };
        match grown {
            Err(error) if convert::gib(&self.api.get_disk(&place.zone, &place.name).await?.size_gb)? != size => {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// Gives a data disk the labels of the wish that uses it now. Labels are replaced as a whole, and whoever changed them
    /// meanwhile changes their fingerprint: then they are read again.
    pub(crate) async fn mark_disk(&self, disk: &Disk, wished: &BTreeMap<String, String>) -> Result<()> {
        let mut disk = disk.clone();
        for _ in 0..TRIES {
            let mut all = disk.labels.clone();
            all.extend(wished.clone());
            if all == disk.labels {
                return Ok(());
            }
            match self.api.set_disk_labels(&disk, &all).await {
                Ok(operation) => return self.operations.wait(&operation).await,
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    disk = self.api.get_disk(convert::last(&disk.zone), &disk.name).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(ErrorKind::Conflict, format!("the labels of the volume {} change all the time", disk.name)))
    }

    /// Deletes a disk; one that is not there is deleted. What still detaches it is waited for.
    pub(crate) async fn remove_disk(&self, zone: &str, name: &str) -> Result<()> {
        let mut tries = 0;
        loop {
            let removed = match self.api.delete_disk(zone, name).await {
                Ok(operation) => self.operations.wait(&operation).await,
                Err(error) => Err(error),
            };
            match gone(removed) {
                Err(error) if error.kind() == ErrorKind::Conflict && tries < TRIES => {
                    tries += 1;
                    self.clock.sleep(LAG_PAUSE).await;
                }
                other => return other,
            }
        }
    }
}

/// How often what passes by itself is tried again.
const TRIES: u32 = 10;
