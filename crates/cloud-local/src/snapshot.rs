//! Snapshots of boot disks.

use async_trait::async_trait;
use cloud_types::{
    Error, ErrorKind, GiB, HostId, Name, Owner, Result, Snapshot, SnapshotId, SnapshotState, Snapshots, ownership,
};
use cloud_world::{Image, ImageKind, ImageStatus};
use jiff::Timestamp;

use crate::cloud::Cloud;
use crate::convert::world_id;
use crate::error::{not_found, refusal};
use crate::host::absent_is_done;
use crate::local::{ID, named};
use crate::{Local, Operation};

#[async_trait]
impl Snapshots for Local {
    async fn create_snapshot(&self, host: &HostId, name: &Name) -> Result<Snapshot> {
        let put = |cloud: &mut Cloud, now| put(cloud, &self.owner, host, name, now);
        named("create_snapshot", self.repeat(Operation::CreateSnapshot, put).await)
    }

    async fn get_snapshot(&self, id: &SnapshotId) -> Result<Snapshot> {
        let read = |cloud: &mut Cloud, _| find(cloud, id).map(snapshot);
        named("get_snapshot", self.repeat(Operation::GetSnapshot, read).await)
    }

    async fn list_snapshots(&self) -> Result<Vec<Snapshot>> {
        let list = |cloud: &mut Cloud, now| {
            let images = cloud.world.images.listed(now).filter(|image| image.kind == ImageKind::Snapshot);
            let mine = images.filter(|image| ownership::owner_of(&image.labels).as_ref() == Some(&self.owner));
            Ok(mine.map(snapshot).collect())
        };
        named("list_snapshots", self.repeat(Operation::ListSnapshots, list).await)
    }

    async fn delete_snapshot(&self, id: &SnapshotId) -> Result<()> {
        let gone = |cloud: &mut Cloud, now| absent_is_done(delete(cloud, id, now));
        named("delete_snapshot", self.repeat(Operation::DeleteSnapshot, gone).await)
    }
}

/// Finds or makes the snapshot of that name, which the cloud gives only once.
fn put(cloud: &mut Cloud, owner: &Owner, host: &HostId, name: &Name, now: Timestamp) -> Result<Snapshot> {
    let text = format!("{owner}.{name}");
    if let Some(image) = cloud.world.images.named(&text).next() {
        let found = snapshot(image);
        if found.host.as_ref() == Some(host) {
            return Ok(found);
        }
        let message = format!("snapshot {} has the name {name} and is of another host", found.id);
        return Err(Error::new(ErrorKind::AlreadyExists, message));
    }
    let source = cloud.host(host.as_str())?.id;
    let labels = ownership::resource_labels(owner, name.as_str());
    let made = cloud.world.create_image(source, ImageKind::Snapshot, Some(text), name.to_string(), labels, now);
    let (id, _) = made.map_err(refusal)?;
    find(cloud, &SnapshotId::new(id.to_string())).map(snapshot)
}

fn find<'a>(cloud: &'a Cloud, id: &SnapshotId) -> Result<&'a Image> {
    let image = world_id(id.as_str()).and_then(|number| cloud.world.images.find(number).ok());
    image.filter(|image| image.kind == ImageKind::Snapshot).ok_or_else(|| not_found("snapshot", id.as_str()))
}

fn delete(cloud: &mut Cloud, id: &SnapshotId, now: Timestamp) -> Result<()> {
    let id = find(cloud, id)?.id;
    cloud.world.delete_image(id, now).map_err(refusal)
}

/// A snapshot as we tell of it.
pub(crate) fn snapshot(image: &Image) -> Snapshot {
    Snapshot {
        provider: ID,
        id: SnapshotId::new(image.id.to_string()),
        name: image.labels.get(ownership::NAME).cloned(),
        owner: ownership::owner_of(&image.labels),
        state: match image.status {
            ImageStatus::Creating => SnapshotState::Creating,
            ImageStatus::Available => SnapshotState::Available,
        },
        size: image.size_centi_gb.map(|size| gib(size.div_ceil(100))),
        disk_size: Some(gib(image.disk_gb)),
        host: image.created_from.as_ref().map(|(host, _)| HostId::new(host.to_string())),
        created_at: Some(image.created),
        labels: ownership::user_labels(&image.labels),
    }
}

/// A size in our words.
pub(crate) fn gib(size: u64) -> GiB {
    GiB(u32::try_from(size).unwrap_or(u32::MAX))
}
