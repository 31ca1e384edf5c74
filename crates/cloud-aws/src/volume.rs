//! Volumes of EBS. A volume that is made apart is found by owner and name in its tags; a host's data disk is one too.

use cloud_driver::volumes::Disks;
use cloud_driver::{Account, found, labels as driver_labels};
use cloud_types::{CreateToken, Error, ErrorKind, GiB, HostId, Result, Volume, VolumeId, VolumeSpec, ownership};

use crate::client::tagged;
use crate::convert::{self, Disk, DiskState, Place, Seen, VOLUME};
use crate::disk::{DiskKind, DiskUse, free_device};
use crate::host::Aws;
use crate::labels;
use crate::parts::Parts;
use crate::reader::READ_LAG;
use crate::storage::CHANGING;

cloud_driver::provide_volumes!(Aws);

impl Disks for Parts {
    fn account(&self) -> &Account {
        &self.account
    }

    async fn create(&self, spec: &VolumeSpec) -> Result<Volume> {
        let zones = self.stock.zones(&spec.region, spec.zone.as_ref()).await?;
        if let Some(found) = named(self, spec).await?.into_iter().next() {
            return same(found, spec);
        }
        let kind = DiskKind::of(spec.class, DiskUse::Data, spec.size);
        let own = ownership::resource_labels(self.account.owner(), spec.name.as_str());
        // Random, since the name may have had a volume before. A lost answer is asked for again with the same.
        let token = CreateToken::random();
        let mut full = None;
        for zone in &zones {
            let token = format!("{token}-{}", labels::digest(&[zone.as_str()]));
            let body = convert::create_volume(zone.as_str(), spec.size, &kind, &own, &token);
            match self.api.create_volume(&spec.region, &body).await {
                Ok(id) => return settle(self, spec, &Place { region: spec.region.clone(), id }).await,
                Err(error) if error.kind() == ErrorKind::NoCapacity => full = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(full.unwrap_or_else(|| Error::new(ErrorKind::NoCapacity, "the region has no zone")))
    }

    async fn list(&self) -> Result<Vec<Volume>> {
        let list = async |region| {
            let mut disks = self.storage.own(&region, &[]).await?;
            disks.retain(|disk| !disk.is_boot());
            Ok(disks.into_iter().map(|disk| disk.volume).collect())
        };
        self.api.everywhere(list).await
    }

    async fn get(&self, id: &VolumeId) -> Result<Volume> {
        Ok(self.storage.get(&place(id)?).await?.volume)
    }

    async fn settled(&self, id: &VolumeId) -> Result<Volume> {
        let place = place(id)?;
        let settled = || async {
            let disk = self.storage.get(&place).await?;
            Ok((!disk.attachment.is_some_and(|one| one.changing)).then_some(disk.volume))
        };
        self.account.until("the volume is attached or detached", CHANGING, settled).await
    }

    async fn attach(&self, volume: &Volume, host: &HostId) -> Result<()> {
        let (place, host) = (place(&volume.id)?, Place::of_host(host)?);
        for _ in 0..TRIES {
            let seen = self.reader.read_alone(&host).await?;
            check_zone(volume, &seen)?;
            let device = free_device(&seen.devices).ok_or_else(|| {
                Error::new(ErrorKind::QuotaExceeded, format!("host {host} has no device left for a volume"))
            })?;
            let begun = match is_at(self, &place, &host).await? {
                true => Ok(()),
                false => self.api.attach_volume(&place, &host.id, &device).await,
            };
            match begun {
                // Refused because an earlier attempt had been carried out, or because another volume has got the device.
                Err(error) if !is_at(self, &place, &host).await? => {
                    if !is_device_taken(&error) {
                        return Err(error);
                    }
                }
                _ => {
                    let attached = || async {
                        let disk = self.storage.get(&place).await?;
                        let here = disk.attachment.filter(|one| one.host == host.id && one.done);
                        Ok(here.map(drop))
                    };
                    return self.account.until("the volume is attached", CHANGING, attached).await;
                }
            }
        }
        Err(Error::new(ErrorKind::Conflict, format!("other volumes are being attached to host {host}")))
    }

    async fn detach(&self, volume: &Volume, host: &HostId) -> Result<()> {
        let (place, host) = (place(&volume.id)?, Place::of_host(host)?);
        if self.storage.get(&place).await?.is_firm()
            && let Err(error) = self.api.detach_volume(&place, &host.id).await
            // Refused perhaps because an earlier attempt had been carried out.
            && self.storage.get(&place).await?.is_firm()
        {
            return Err(error);
        }
        let detached = || async { Ok(self.storage.get(&place).await?.attachment.is_none().then_some(())) };
        self.account.until("the volume is detached", CHANGING, detached).await
    }

    /// AWS takes four changes of a volume in 24 hours, each when the one before has ended
    /// (<https://docs.aws.amazon.com/ebs/latest/userguide/modify-volume-requirements.html>).
    async fn grow(&self, volume: &Volume, size: GiB) -> Result<()> {
        let place = place(&volume.id)?;
        let begun = || async { Ok(self.api.modification(&place).await?.as_ref().map(convert::growth)) };
        if let Err(error) = self.api.modify_volume(&place, size).await {
            // Refused perhaps because an earlier attempt had been carried out.
            if begun().await?.is_none_or(|begun| begun.target != Some(size)) {
                return Err(limited(error));
            }
        }
        let grown = || async {
            if self.storage.get(&place).await?.volume.size >= size {
                return Ok(Some(()));
            }
            match begun().await?.and_then(|change| change.failed) {
                Some(why) => Err(Error::new(ErrorKind::Conflict, format!("volume {place} could not grow: {why}"))),
                None => Ok(None),
            }
        };
        self.account.until("the volume has its size", CHANGING, grown).await
    }

    async fn remove(&self, volume: &Volume) -> Result<()> {
        self.storage.remove(&place(&volume.id)?).await
    }
}

fn place(id: &VolumeId) -> Result<Place> {
    Place::read(VOLUME, id.as_str())
}

/// This owner's volumes of the name in all regions, oldest first, data disks not among them.
async fn named(parts: &Parts, spec: &VolumeSpec) -> Result<Vec<Disk>> {
    let name = &[tagged(ownership::NAME, spec.name.as_str())];
    let mut found = parts.api.everywhere(async |region| parts.storage.own(&region, name).await).await?;
    // One that AWS could not make is none.
    found.retain(|disk| !disk.labels.contains_key(driver_labels::USE) && disk.state != DiskState::Broken);
    found.sort_by_cached_key(|disk| (disk.volume.created_at, disk.place.id.clone()));
    Ok(found)
}

/// Waits until a new volume can be used, and until nothing can be hidden any more; then the oldest of the name stays, and
/// whoever made a later one deletes it.
async fn settle(parts: &Parts, spec: &VolumeSpec, place: &Place) -> Result<Volume> {
    let clock = parts.account.clock();
    let made = clock.monotonic();
    let made_whole = || async {
        match found(parts.storage.get(place).await)? {
            Some(disk) if disk.state == DiskState::Broken => {
                Err(Error::new(ErrorKind::Unavailable, format!("AWS could not make the volume {place}")))
            }
            shown => Ok(shown.filter(|disk| disk.state != DiskState::Creating)),
        }
    };
    let disk = parts.account.until("the volume is made", CHANGING, made_whole).await?;
    clock.sleep(READ_LAG.saturating_sub(clock.monotonic().saturating_sub(made))).await;
    match named(parts, spec).await?.into_iter().next() {
        Some(oldest) if oldest.place != disk.place => {
            parts.storage.remove(place).await?;
            same(oldest, spec)
        }
        _ => Ok(disk.volume),
    }
}

fn same(disk: Disk, spec: &VolumeSpec) -> Result<Volume> {
    let Disk { volume, kind, .. } = disk;
    let others = [
        (volume.region != spec.region || spec.zone.is_some() && volume.zone != spec.zone, "a volume in another place"),
        (volume.size != spec.size, "a volume of another size"),
        (!kind.is(&DiskKind::of(spec.class, DiskUse::Data, spec.size)), "a volume of another class"),
    ];
    match others.into_iter().find(|(is_other, _)| *is_other) {
        None => Ok(volume),
        Some((_, by)) => {
            Err(Error::new(ErrorKind::AlreadyExists, format!("the volume name {} is taken by {by}", spec.name)))
        }
    }
}

/// Whether the volume is at the host, or on its way there; `Conflict` where it is at another one.
async fn is_at(parts: &Parts, volume: &Place, host: &Place) -> Result<bool> {
    let by = match parts.storage.get(volume).await?.attachment {
        None => return Ok(false),
        Some(one) if one.host != host.id => "attached to another host",
        Some(one) if one.leaving => "being detached",
        Some(_) => return Ok(true),
    };
    Err(Error::new(ErrorKind::Conflict, format!("volume {volume} is {by}")))
}

fn check_zone(volume: &Volume, host: &Seen) -> Result<()> {
    if volume.region == host.host.region && volume.zone == host.host.zone {
        return Ok(());
    }
    let name = |zone: &Option<_>| zone.as_ref().map_or("another zone".to_owned(), ToString::to_string);
    let (here, there) = (name(&host.host.zone), name(&volume.zone));
    Err(Error::invalid("host", format!("must be in the volume's zone, {there}, but is in {here}")))
}

/// "Invalid value '/dev/sdf' for unixDevice. Attachment point /dev/sdf is already in use".
fn is_device_taken(error: &Error) -> bool {
    error.kind() == ErrorKind::InvalidRequest && error.message().contains("already in use")
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

/// How often another device is tried.
const TRIES: u32 = 5;
