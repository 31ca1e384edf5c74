//! Snapshots. Hetzner takes a name any number of times, and has no token for repeats. Its server stays locked while it is
//! being copied, for longer than lists lag; so whoever looks before each attempt, and again after, finds a copy that another
//! attempt has made, which [`snapshot_once`] does.

use async_trait::async_trait;
use cloud_driver::{Account, Copies, gone, snapshot_once};
use cloud_types::{ErrorKind, HostId, Name, Result, Snapshot, SnapshotId, Snapshots, ownership};

use crate::client::selector;
use crate::convert;
use crate::host::{Hetzner, Parts};

#[async_trait]
impl Snapshots for Hetzner {
    async fn create_snapshot(&self, host: &HostId, name: &Name) -> Result<Snapshot> {
        self.0.account.call("create_snapshot", snapshot_once(&*self.0, host, name)).await
    }

    async fn get_snapshot(&self, id: &SnapshotId) -> Result<Snapshot> {
        let read = async { convert::snapshot(self.0.api.get_image(convert::number(id.as_str())?).await?) };
        self.0.account.call("get_snapshot", read).await
    }

    async fn list_snapshots(&self) -> Result<Vec<Snapshot>> {
        let list = async {
            let labels = selector(&[(ownership::OWNER, self.0.account.owner().as_str())]);
            self.0.api.snapshots(&labels).await?.into_iter().map(convert::snapshot).collect()
        };
        self.0.account.call("list_snapshots", list).await
    }

    async fn delete_snapshot(&self, id: &SnapshotId) -> Result<()> {
        let Ok(number) = convert::number(id.as_str()) else { return Ok(()) };
        let delete = async { gone(self.0.api.delete_image(number).await) };
        self.0.account.call("delete_snapshot", delete).await
    }
}

impl Copies for Parts {
    fn account(&self) -> &Account {
        &self.account
    }

    async fn of_name(&self, name: &Name) -> Result<Vec<Snapshot>> {
        let labels = selector(&[(ownership::OWNER, self.account.owner().as_str()), (ownership::NAME, name.as_str())]);
        self.api.snapshots(&labels).await?.into_iter().map(convert::snapshot).collect()
    }

    async fn copy(&self, host: &HostId, name: &Name) -> Result<Snapshot> {
        let number = convert::number(host.as_str())?;
        let labels = ownership::resource_labels(self.account.owner(), name.as_str());
        match self.api.create_image(number, &convert::create_image(name.as_str(), &labels)).await {
            // A host that was made just now may be shown late; read so, it is gone for certain or there.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.reader.read_alone(host).await?;
                Err(error.with_kind(ErrorKind::Conflict))
            }
            other => convert::snapshot(other?.image),
        }
    }

    async fn remove(&self, id: &SnapshotId) -> Result<()> {
        self.api.delete_image(convert::number(id.as_str())?).await
    }
}
