//! Snapshots of boot disks. The cloud gives a name only once, so that [`snapshot_once`](cloud_driver::snapshot_once) finds
//! by it what an earlier attempt took.

use cloud_driver::{Account, Copies};
use cloud_types::{HostId, Name, Result, Snapshot, SnapshotId, ownership};
use cloud_world::{Image, ImageKind};
use jiff::Timestamp;

use crate::cloud::Cloud;
use crate::convert::{self, world_id};
use crate::error::{not_found, refusal};
use crate::faults::Operation;
use crate::local::{Local, Parts};

cloud_driver::provide_snapshots!(Local);

impl Copies for Parts {
    fn account(&self) -> &Account {
        &self.account
    }

    async fn get(&self, id: &SnapshotId) -> Result<Snapshot> {
        let read = |cloud: &mut Cloud, _| find(cloud, id).map(convert::snapshot);
        self.client.repeat(Operation::GetSnapshot, read).await
    }

    async fn list(&self) -> Result<Vec<Snapshot>> {
        let list = |cloud: &mut Cloud, now| {
            let images = cloud.world.images.listed(now).filter(|image| image.kind == ImageKind::Snapshot);
            let mine = images.filter(|image| ownership::owner_of(&image.labels).as_ref() == Some(self.account.owner()));
            Ok(mine.map(convert::snapshot).collect())
        };
        self.client.repeat(Operation::ListSnapshots, list).await
    }

    /// By its own name an image is found as it truly is, without the lag of lists.
    async fn of_name(&self, name: &Name) -> Result<Vec<Snapshot>> {
        let text = self.own_name(name);
        let find = |cloud: &mut Cloud, _| Ok(cloud.world.images.named(&text).map(convert::snapshot).collect());
        self.client.repeat(Operation::ListSnapshots, find).await
    }

    async fn copy(&self, host: &HostId, name: &Name) -> Result<Snapshot> {
        let (text, labels) = (self.own_name(name), ownership::resource_labels(self.account.owner(), name.as_str()));
        let copy = |cloud: &mut Cloud, now: Timestamp| {
            let source = cloud.host(host.as_str())?.id;
            let (text, labels) = (Some(text.clone()), labels.clone());
            let made = cloud.world.create_image(source, ImageKind::Snapshot, text, name.to_string(), labels, now);
            let (id, _) = made.map_err(refusal)?;
            find(cloud, &SnapshotId::new(id.to_string())).map(convert::snapshot)
        };
        self.client.once(Operation::CreateSnapshot, copy).await
    }

    async fn remove(&self, id: &SnapshotId) -> Result<()> {
        let delete = |cloud: &mut Cloud, now| {
            let id = find(cloud, id)?.id;
            cloud.world.delete_image(id, now).map_err(refusal)
        };
        self.client.repeat(Operation::DeleteSnapshot, delete).await
    }
}

impl Parts {
    /// What the cloud calls this owner's snapshot of a name.
    fn own_name(&self, name: &Name) -> String {
        format!("{}.{name}", self.account.owner())
    }
}

fn find<'a>(cloud: &'a Cloud, id: &SnapshotId) -> Result<&'a Image> {
    let image = world_id(id.as_str()).and_then(|number| cloud.world.images.find(number).ok());
    image.filter(|image| image.kind == ImageKind::Snapshot).ok_or_else(|| not_found("snapshot", id.as_str()))
}
