//! Snapshots of a host's boot disk: images of the account, since nothing else boots. Their names are unique in a region of
//! an account, so one is made of owner and name. An image that is given up leaves the disks' snapshots that it is made
//! of, which are billed: they bear the same tags, and go after it.

use std::collections::BTreeSet;

use cloud_driver::{Account, Copies, gone};
use cloud_types::{Error, ErrorKind, HostId, Name, Region, Result, Snapshot, SnapshotId, ownership};

use crate::client::filter;
use crate::convert::{self, Ami, IMAGE, Part, Place};
use crate::host::Aws;
use crate::labels;
use crate::parts::Parts;
use crate::reader::READ_LAG;

cloud_driver::provide_snapshots!(Aws);

impl Copies for Parts {
    fn account(&self) -> &Account {
        &self.account
    }

    async fn get(&self, id: &SnapshotId) -> Result<Snapshot> {
        let image = self.images.find(&Place::read(IMAGE, id.as_str())?).await?;
        let missing = || Error::new(ErrorKind::NotFound, format!("there is no snapshot {id}"));
        Ok(image.ok_or_else(missing)?.snapshot)
    }

    async fn list(&self) -> Result<Vec<Snapshot>> {
        self.api.everywhere(async |region| snapshots(self.images.own(&region).await)).await
    }

    async fn of_name(&self, name: &Name) -> Result<Vec<Snapshot>> {
        let full_name = &labels::snapshot_name(self.account.owner(), name);
        self.api.everywhere(async |region| snapshots(self.images.named(&region, full_name).await)).await
    }

    async fn beside(&self, host: &HostId, name: &Name) -> Result<Vec<Snapshot>> {
        let full_name = labels::snapshot_name(self.account.owner(), name);
        snapshots(self.images.named(&Place::of_host(host)?.region, &full_name).await)
    }

    /// Does not stop the host; the copy is as after a loss of power.
    async fn copy(&self, host: &HostId, name: &Name) -> Result<Snapshot> {
        let seen = self.reader.read_alone(&Place::of_host(host)?).await?;
        let mut labels = ownership::resource_labels(self.account.owner(), name.as_str());
        labels.insert(labels::HOST.to_owned(), seen.place.id.clone());
        if let Some(user) = seen.labels.get(labels::SSH_USER) {
            labels.insert(labels::SSH_USER.to_owned(), user.clone());
        }
        let body = convert::create_image(&seen, &labels::snapshot_name(self.account.owner(), name), &labels);
        let image = seen.place.beside(self.api.create_image(&seen.place.region, &body).await?);
        let shown = || async { Ok(self.images.find(&image).await?.map(|image| image.snapshot)) };
        self.account.until("the snapshot is shown", READ_LAG * 2, shown).await
    }

    async fn remove(&self, id: &SnapshotId) -> Result<()> {
        remove(self, &Place::read(IMAGE, id.as_str())?).await
    }
}

fn snapshots(images: Result<Vec<Ami>>) -> Result<Vec<Snapshot>> {
    Ok(images?.into_iter().map(|image| image.snapshot).collect())
}

/// Gives up an image, then deletes the snapshots of disks that it was made of. A repeat finishes what stopped halfway: the
/// disks' snapshots tell in their descriptions which image they are of.
pub(crate) async fn remove(parts: &Parts, image: &Place) -> Result<()> {
    let mut made_of = BTreeSet::new();
    if let Some(found) = parts.images.find(image).await? {
        gone(parts.api.deregister_image(&image.region, &image.id).await)?;
        made_of.extend(found.parts);
    }
    let named = format!("Created by CreateImage(*) for {}*", image.id);
    for part in disk_snapshots(parts, &image.region, ("description", &named)).await? {
        if part.of.as_ref() == Some(&image.id) {
            made_of.insert(part.place.id);
        }
    }
    for part in made_of {
        remove_part(parts, &image.beside(part)).await?;
    }
    Ok(())
}

/// The snapshots of disks that bear this owner's tag, of images that are gone: what a delete has left that stopped halfway.
/// `images` are those that are there.
pub(crate) async fn left_parts(parts: &Parts, region: &Region, images: &[Ami]) -> Result<Vec<Part>> {
    let own = (format!("tag:{}", ownership::OWNER), parts.account.owner().as_str());
    let mut left = disk_snapshots(parts, region, (&own.0, own.1)).await?;
    left.retain(|part| part.of.as_ref().is_some_and(|of| images.iter().all(|image| image.place.id != *of)));
    Ok(left)
}

async fn disk_snapshots(parts: &Parts, region: &Region, (key, value): (&str, &str)) -> Result<Vec<Part>> {
    let found = parts.api.disk_snapshots(region, &[filter(key, [value])]).await?;
    found.iter().map(|one| convert::part(region, one)).collect()
}

/// Deletes a disk's snapshot. Just after its image was given up it still counts as used.
pub(crate) async fn remove_part(parts: &Parts, part: &Place) -> Result<()> {
    let mut patience = parts.account.patience(READ_LAG * 4);
    loop {
        match gone(parts.api.delete_disk_snapshot(&part.region, &part.id).await) {
            Err(error) if error.kind() == ErrorKind::Conflict => patience.wait(error).await?,
            other => return other,
        }
    }
}
