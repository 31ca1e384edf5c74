//! Snapshots of a host's boot disk: images of the account, since nothing else boots. Their names are unique in a region of
//! an account, so one is made of owner and name. An image that is given up leaves the disks' snapshots that it is made
//! of, which are billed: they bear the same tags, and go after it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::types::{BlockDeviceMapping, Filter, Image, ImageState, Instance, Snapshot as DiskSnapshot};
use cloud_types::{Error, ErrorKind, HostId, Name, Region, Result, Snapshot, SnapshotId, Snapshots, ownership};

use crate::client::{NewImage, filter, tagged};
use crate::convert::{self, Place};
use crate::delete::gone;
use crate::host::{Aws, Inner, named};
use crate::image::IMAGE;
use crate::reader::{LAG_PAUSE, READ_LAG};
use crate::tags;

#[async_trait]
impl Snapshots for Aws {
    /// Does not stop the host; the copy is as after a loss of power.
    async fn create_snapshot(&self, host: &HostId, name: &Name) -> Result<Snapshot> {
        named("create_snapshot", self.0.snapshot(host, name).await)
    }

    async fn get_snapshot(&self, id: &SnapshotId) -> Result<Snapshot> {
        let read = async {
            let place = Place::read(IMAGE, id.as_str())?;
            let image = self.0.image(&place.region, &place.id).await?;
            let missing = || Error::new(ErrorKind::NotFound, format!("there is no snapshot {id}"));
            convert::snapshot(&image.ok_or_else(missing)?, &place.region)
        };
        named("get_snapshot", read.await)
    }

    async fn list_snapshots(&self) -> Result<Vec<Snapshot>> {
        let list = self.0.api.everywhere(async |region| {
            let images = self.0.own_images(&region, &[]).await?;
            images.iter().map(|image| convert::snapshot(image, &region)).collect()
        });
        named("list_snapshots", list.await)
    }

    async fn delete_snapshot(&self, id: &SnapshotId) -> Result<()> {
        let Ok(place) = Place::read(IMAGE, id.as_str()) else { return Ok(()) };
        named("delete_snapshot", self.0.remove_snapshot(&place).await)
    }
}

impl Inner {
    async fn snapshot(&self, host: &HostId, name: &Name) -> Result<Snapshot> {
        let host = Place::of_host(host)?;
        let instance = self.reader.read_alone(&host).await?;
        let full_name = tags::snapshot_name(&self.owner, name);
        if let Some(found) = self.snapshot_named(&host.region, &full_name).await? {
            return self.same_host(&found, &host);
        }
        let labels = self.labels_of_snapshot(name, &host, &instance);
        let wish = NewImage {
            name: &full_name,
            instance: &host.id,
            mappings: left_out(&instance),
            tags: tags::write(&labels),
        };
        match self.api.create_image(&host.region, &wish).await {
            Ok(id) => self.see_snapshot(&host, &full_name, Some(&id)).await,
            // Taken meanwhile, or by an earlier attempt whose answer was lost.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => self.see_snapshot(&host, &full_name, None).await,
            Err(error) => Err(error),
        }
    }

    fn labels_of_snapshot(&self, name: &Name, host: &Place, instance: &Instance) -> BTreeMap<String, String> {
        let mut labels = ownership::resource_labels(&self.owner, name.as_str());
        labels.insert(tags::HOST.to_owned(), host.id.clone());
        if let Some(user) = tags::read(instance.tags.as_deref()).get(tags::SSH_USER) {
            labels.insert(tags::SSH_USER.to_owned(), user.clone());
        }
        labels
    }

    /// Reads a snapshot that is there, perhaps not shown yet.
    async fn see_snapshot(&self, host: &Place, name: &str, id: Option<&str>) -> Result<Snapshot> {
        let give_up = self.clock.monotonic() + READ_LAG * 2;
        loop {
            let found = match id {
                Some(id) => self.image(&host.region, id).await?,
                None => self.snapshot_named(&host.region, name).await?,
            };
            match found {
                Some(found) => return self.same_host(&found, host),
                None if self.clock.monotonic() < give_up => self.clock.sleep(LAG_PAUSE).await,
                None => return Err(Error::new(ErrorKind::Conflict, format!("the snapshot {name} is not shown"))),
            }
        }
    }

    async fn snapshot_named(&self, region: &Region, name: &str) -> Result<Option<Image>> {
        Ok(self.api.images(region, "self", &[filter("name", [name])]).await?.into_iter().find(is_there))
    }

    fn same_host(&self, image: &Image, host: &Place) -> Result<Snapshot> {
        let taken = convert::snapshot(image, &host.region)?;
        if taken.host == Some(host.host_id()) && taken.owner.as_ref() == Some(&self.owner) {
            return Ok(taken);
        }
        let name = crate::error::one_line(image.name().unwrap_or_default());
        Err(Error::new(
            ErrorKind::AlreadyExists,
            format!("the name of snapshot {name} is taken by one of another host"),
        ))
    }

    /// The images of a region that bear this owner's tag.
    pub(crate) async fn own_images(&self, region: &Region, filters: &[Filter]) -> Result<Vec<Image>> {
        let mut all = vec![tagged(ownership::OWNER, self.owner.as_str())];
        all.extend(filters.iter().cloned());
        let mut images = self.api.images(region, "self", &all).await?;
        images.retain(is_there);
        Ok(images)
    }

    /// Gives up an image, then deletes the snapshots of disks that it was made of. A repeat finishes what stopped halfway:
    /// the disks' snapshots tell in their descriptions which image they are of.
    pub(crate) async fn remove_snapshot(&self, place: &Place) -> Result<()> {
        let image = self.image(&place.region, &place.id).await?;
        let mut parts: Vec<String> = image.as_ref().map(parts_of).unwrap_or_default();
        if image.is_some() {
            gone(self.api.deregister_image(&place.region, &place.id).await)?;
        }
        let named = format!("Created by CreateImage(*) for {}*", place.id);
        for part in self.api.disk_snapshots(&place.region, &[filter("description", [named])]).await? {
            parts.extend(part.snapshot_id.filter(|_| image_of(part.description.as_deref()) == Some(&place.id)));
        }
        parts.sort_unstable();
        parts.dedup();
        for part in parts {
            self.remove_part(&Place { region: place.region.clone(), id: part }).await?;
        }
        Ok(())
    }

    /// The snapshots of disks that bear this owner's tag, of images that are gone: what a delete has left that stopped
    /// halfway. `images` are those that are there.
    pub(crate) async fn left_parts(&self, region: &Region, images: &[Image]) -> Result<Vec<DiskSnapshot>> {
        let mut parts = self.api.disk_snapshots(region, &[tagged(ownership::OWNER, self.owner.as_str())]).await?;
        parts.retain(|part| {
            let of = image_of(part.description.as_deref());
            of.is_some() && !images.iter().any(|image| image.image_id.as_deref() == of)
        });
        Ok(parts)
    }

    /// Deletes a disk's snapshot. Just after its image was given up it still counts as used.
    pub(crate) async fn remove_part(&self, part: &Place) -> Result<()> {
        let give_up = self.clock.monotonic() + READ_LAG * 4;
        loop {
            match gone(self.api.delete_disk_snapshot(&part.region, &part.id).await) {
                Err(error) if error.kind() == ErrorKind::Conflict && self.clock.monotonic() < give_up => {
                    self.clock.sleep(LAG_PAUSE).await;
                }
                other => return other,
            }
        }
    }
}

/// The image that a disk's snapshot was made for. What AWS writes there: `Created by CreateImage(i-…) for ami-…`, perhaps with
/// ` from vol-…` behind it.
fn image_of(description: Option<&str>) -> Option<&str> {
    let image = description?.strip_prefix("Created by CreateImage(")?.split_once(") for ")?.1;
    image.split(' ').next().filter(|id| convert::is_id(IMAGE, id))
}

/// The disks' snapshots that an image is made of.
fn parts_of(image: &Image) -> Vec<String> {
    let disks = image.block_device_mappings().iter().filter_map(|mapping| mapping.ebs());
    disks.filter_map(|disk| disk.snapshot_id().map(str::to_owned)).collect()
}

/// Mappings that leave out all disks but the one that the host boots from.
fn left_out(instance: &Instance) -> Vec<BlockDeviceMapping> {
    let root = instance.root_device_name();
    let others = instance.block_device_mappings().iter().filter_map(|mapping| mapping.device_name());
    let others = others.filter(|device| Some(*device) != root);
    others.map(|device| BlockDeviceMapping::builder().device_name(device).no_device("").build()).collect()
}

fn is_there(image: &Image) -> bool {
    !matches!(image.state(), Some(ImageState::Deregistered))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{EbsBlockDevice, InstanceBlockDeviceMapping};

    use super::*;

    #[test]
    fn a_snapshot_is_of_the_boot_disk_alone() {
        let disk = |device: &str| InstanceBlockDeviceMapping::builder().device_name(device).build();
        let instance = Instance::builder()
            .root_device_name("/dev/sda1")
            .block_device_mappings(disk("/dev/sda1"))
            .block_device_mappings(disk("/dev/sdf"))
            .build();
        let left_out = left_out(&instance);
        assert_eq!(left_out.len(), 1);
        assert_eq!((left_out[0].device_name(), left_out[0].no_device()), (Some("/dev/sdf"), Some("")));
    }

    #[test]
    fn a_disks_snapshot_tells_its_image() {
        let of = |text: &str| image_of(Some(text)).map(str::to_owned);
        assert_eq!(of("Created by CreateImage(i-1a2b3c4d) for ami-1a2b3c4e").as_deref(), Some("ami-1a2b3c4e"));
        assert_eq!(
            of("Created by CreateImage(i-1a2b3c4d) for ami-1a2b3c4e from vol-1a2b3c4f").as_deref(),
            Some("ami-1a2b3c4e")
        );
        for other in [
            "",
            "mine",
            "Created by CreateImage(i-1a2b3c4d)",
            "Copied for DestinationAmi ami-1a2b3c4e from SourceAmi ami-1a2b3c40",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn an_image_is_made_of_the_snapshots_of_its_disks() {
        let disk = EbsBlockDevice::builder().snapshot_id("snap-01").build();
        let image = Image::builder()
            .block_device_mappings(BlockDeviceMapping::builder().device_name("/dev/sda1").ebs(disk).build())
            .block_device_mappings(
                BlockDeviceMapping::builder().device_name("/dev/sdb").virtual_name("ephemeral0").build(),
            );
        assert_eq!(parts_of(&image.build()), ["snap-01"]);
    }
}
