//! Volumes of EBS. A volume that is made apart is found by owner and name in its tags; a host's data disk is one too.

mod attach;

use std::cmp::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, Volume as TheirVolume, VolumeModificationState, VolumeState};
use cloud_types::clock::within;
use cloud_types::{
    CreateToken, Error, ErrorKind, GiB, HostId, Region, Result, Volume, VolumeId, VolumeSpec, Volumes, Zone, ownership,
};

use crate::client::{NewVolume, tagged};
use crate::convert::{self, Place};
use crate::disk::{DiskKind, DiskUse};
use crate::host::{Aws, Inner, named};
use crate::reader::{LAG_PAUSE, READ_LAG};
use crate::tags;

#[async_trait]
impl Volumes for Aws {
    async fn create_volume(&self, spec: &VolumeSpec) -> Result<Volume> {
        named("create_volume", self.0.create_volume(spec).await)
    }

    async fn get_volume(&self, id: &VolumeId) -> Result<Volume> {
        let read = async {
            let place = Place::read(VOLUME, id.as_str())?;
            convert::volume(&self.0.volume(&place).await?, &place.region)
        };
        named("get_volume", read.await)
    }

    async fn list_volumes(&self) -> Result<Vec<Volume>> {
        let list = self.0.api.everywhere(async |region| {
            let mut volumes = self.0.own_volumes(&region, &[]).await?;
            volumes.retain(|volume| !convert::is_boot_disk(volume));
            volumes.iter().map(|volume| convert::volume(volume, &region)).collect()
        });
        named("list_volumes", list.await)
    }

    async fn attach_volume(&self, id: &VolumeId, host: &HostId) -> Result<()> {
        named("attach_volume", self.0.attach(id, host).await)
    }

    async fn detach_volume(&self, id: &VolumeId) -> Result<()> {
        named("detach_volume", self.0.detach(id).await)
    }

    async fn grow_volume(&self, id: &VolumeId, size: GiB) -> Result<()> {
        let grow = async {
            self.0.capabilities().check_volume(size)?;
            self.0.grow_disk(&Place::read(VOLUME, id.as_str())?, size).await
        };
        named("grow_volume", grow.await)
    }

    async fn delete_volume(&self, id: &VolumeId) -> Result<()> {
        let Ok(place) = Place::read(VOLUME, id.as_str()) else { return Ok(()) };
        let delete = async {
            match self.0.volume(&place).await {
                Ok(volume) if attach::is_firm(&volume) => {
                    Err(Error::new(ErrorKind::Conflict, format!("volume {id} is attached: detach it first")))
                }
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                _ => self.0.remove_volume(&place).await,
            }
        };
        named("delete_volume", delete.await)
    }
}

impl Inner {
    async fn create_volume(&self, spec: &VolumeSpec) -> Result<Volume> {
        self.capabilities().check_volume(spec.size)?;
        let info = self.catalog.region(self, &spec.region).await?;
        let zones: Vec<&str> = info.zones.iter().map(Zone::as_str).collect();
        let asked = |zone: &&str| spec.zone.as_ref().is_none_or(|asked| asked.as_str() == *zone);
        let chosen: Vec<&str> = zones.iter().copied().filter(asked).collect();
        if let (Some(zone), true) = (&spec.zone, chosen.is_empty()) {
            return Err(Error::invalid("zone", format!("must be one of {}, got {zone}", zones.join(", "))));
        }
        if let Some((region, found)) = self.volumes_named(spec).await?.into_iter().next() {
            return same_volume(&region, &found, spec);
        }
        let kind = DiskKind::of(spec.class, DiskUse::Data, spec.size);
        let labels = ownership::resource_labels(&self.owner, spec.name.as_str());
        // Random, since the name may have had a volume before. A lost answer is asked for again with the same.
        let token = CreateToken::random();
        let mut full = None;
        for zone in chosen {
            let token = format!("{token}-{}", tags::digest(&[zone]));
            let wish = NewVolume { zone, size: spec.size, kind: &kind, tags: tags::write(&labels), token };
            match self.api.create_volume(&spec.region, &wish).await {
                Ok(id) => return self.settle_volume(spec, Place { region: spec.region.clone(), id }).await,
                Err(error) if error.kind() == ErrorKind::NoCapacity => full = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(full.unwrap_or_else(|| Error::new(ErrorKind::NoCapacity, "the region has no zone")))
    }

    /// Waits until a new volume can be used, and until nothing can be hidden any more; then the oldest of the name stays,
    /// and whoever made a later one deletes it.
    async fn settle_volume(&self, spec: &VolumeSpec, place: Place) -> Result<Volume> {
        let made = self.clock.monotonic();
        let volume = self.until("the volume is made", async || match self.volume(&place).await {
            Ok(volume) if volume.state() == Some(&VolumeState::Error) => {
                Err(Error::new(ErrorKind::Unavailable, format!("AWS could not make the volume {place}")))
            }
            Ok(volume) => Ok((volume.state() != Some(&VolumeState::Creating)).then_some(volume)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        });
        let volume = volume.await?;
        self.clock.sleep(READ_LAG.saturating_sub(self.clock.monotonic().saturating_sub(made))).await;
        match self.volumes_named(spec).await?.into_iter().next() {
            Some((region, oldest)) if oldest.volume_id != volume.volume_id => {
                self.remove_volume(&place).await?;
                same_volume(&region, &oldest, spec)
            }
            _ => convert::volume(&volume, &place.region),
        }
    }

    /// This owner's volumes of the name in all regions, oldest first, data disks not among them.
    async fn volumes_named(&self, spec: &VolumeSpec) -> Result<Vec<(Region, TheirVolume)>> {
        let name = [tagged(ownership::NAME, spec.name.as_str())];
        let found = self.api.everywhere(async |region| {
            let mut volumes = self.own_volumes(&region, &name).await?;
            // One that AWS could not make is none.
            volumes.retain(|volume| {
                let used = tags::read(volume.tags.as_deref()).contains_key(tags::USE);
                !used && volume.state != Some(VolumeState::Error)
            });
            Ok(volumes.into_iter().map(|volume| (region.clone(), volume)).collect())
        });
        let mut found = found.await?;
        found.sort_by_cached_key(|(_, volume)| {
            (volume.create_time.as_ref().and_then(convert::timestamp), volume.volume_id.clone())
        });
        Ok(found)
    }

    /// The volumes of a region that bear this owner's tag and pass the filters.
    pub(crate) async fn own_volumes(&self, region: &Region, filters: &[Filter]) -> Result<Vec<TheirVolume>> {
        let mut all = vec![tagged(ownership::OWNER, self.owner.as_str())];
        all.extend(filters.iter().cloned());
        let mut volumes = self.api.volumes(region, &all).await?;
        volumes.retain(convert::is_there);
        Ok(volumes)
    }

    /// A volume that is there.
    pub(crate) async fn volume(&self, place: &Place) -> Result<TheirVolume> {
        let volume = self.api.get_volume(place).await?.filter(convert::is_there);
        volume.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no volume {place}")))
    }

    /// Grows a disk; returns when it has the size. AWS takes four changes of a volume in 24 hours, each when the one before
    /// has ended (<https://docs.aws.amazon.com/ebs/latest/userguide/modify-volume-requirements.html>).
    pub(crate) async fn grow_disk(&self, place: &Place, size: GiB) -> Result<()> {
        let now = convert::gib(self.volume(place).await?.size())?;
        match now.cmp(&size) {
            Ordering::Equal => return Ok(()),
            Ordering::Greater => {
                return Err(Error::invalid("size", format!("must be at least {now}: a volume never shrinks")));
            }
            Ordering::Less => {}
        }
        if let Err(error) = self.api.modify_volume(place, size).await {
            // Refused perhaps because an earlier attempt had been carried out.
            let begun = self.api.modification(place).await?;
            if !begun.is_some_and(|begun| convert::gib(begun.target_size()).is_ok_and(|target| target == size)) {
                return Err(limited(error));
            }
        }
        self.until("the volume has its size", async || {
            if convert::gib(self.volume(place).await?.size())? >= size {
                return Ok(Some(()));
            }
            match self.api.modification(place).await? {
                Some(change) if change.modification_state() == Some(&VolumeModificationState::Failed) => {
                    let why = crate::error::one_line(change.status_message().unwrap_or("AWS gives no reason"));
                    Err(Error::new(ErrorKind::Conflict, format!("volume {place} could not grow: {why}")))
                }
                _ => Ok(None),
            }
        })
        .await
    }

    /// Deletes a disk; one that is not there is deleted. What still detaches it is waited for.
    pub(crate) async fn remove_volume(&self, place: &Place) -> Result<()> {
        self.until("the volume is detached", async || match self.api.delete_volume(place).await {
            Ok(()) => Ok(Some(())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Some(())),
            Err(error) if error.kind() == ErrorKind::Conflict => {
                let firm = self.volume(place).await.is_ok_and(|volume| attach::is_firm(&volume));
                if firm { Err(error) } else { Ok(None) }
            }
            Err(error) => Err(error),
        })
        .await
    }

    /// Asks until there is an answer, within [`PATIENCE`].
    pub(crate) async fn until<T, F>(&self, what: &str, ask: impl Fn() -> F + Send + Sync) -> Result<T>
    where
        F: Future<Output = Result<Option<T>>> + Send,
        T: Send,
    {
        let asking = async {
            loop {
                if let Some(answer) = ask().await? {
                    return Ok(answer);
                }
                self.clock.sleep(LAG_PAUSE).await;
            }
        };
        within(&*self.clock, PATIENCE, asking).await.unwrap_or_else(|| {
            Err(Error::new(ErrorKind::Timeout, format!("waited {PATIENCE:?} until {what}, and it is not yet so")))
        })
    }
}

fn same_volume(region: &Region, volume: &TheirVolume, spec: &VolumeSpec) -> Result<Volume> {
    let taken =
        |by: &str| Err(Error::new(ErrorKind::AlreadyExists, format!("the volume name {} is taken by {by}", spec.name)));
    let found = convert::volume(volume, region)?;
    let here = found.region == spec.region && (spec.zone.is_none() || found.zone == spec.zone);
    let same_kind = convert::disk_kind(volume)?.is(&DiskKind::of(spec.class, DiskUse::Data, spec.size));
    match (here, found.size == spec.size, same_kind) {
        (false, _, _) => taken("a volume in another place"),
        (_, false, _) => taken("a volume of another size"),
        (_, _, false) => taken("a volume of another class"),
        (true, true, true) => Ok(found),
    }
}

/// Says which limit of changes it was.
fn limited(error: Error) -> Error {
    match error.code() {
        Some("VolumeModificationRateExceeded") => error
            .with_kind(ErrorKind::Conflict)
            .with_context("a volume takes four changes in 24 hours: this one has had them"),
        Some("IncorrectModificationState") => {
            error.with_kind(ErrorKind::Conflict).with_context("the change of the volume before has not ended yet")
        }
        _ => error,
    }
}

/// What ids of volumes begin with.
pub(crate) const VOLUME: &str = "vol";
/// How long a change of a volume is waited for: mostly seconds.
const PATIENCE: Duration = Duration::from_secs(300);
