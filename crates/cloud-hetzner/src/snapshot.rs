//! Snapshots. Hetzner takes a name any number of times, and has no token for repeats. Its server stays locked while it is
//! being copied, for longer than lists lag; so whoever looks before each attempt, and again after, finds a copy that another
//! attempt has made, which [`snapshot_once`](cloud_driver::snapshot_once) does.

use cloud_driver::{Account, Copies};
use cloud_types::{ErrorKind, HostId, Name, Result, Snapshot, SnapshotId, ownership};

use crate::client::selector;
use crate::convert;
use crate::host::Hetzner;
use crate::parts::Parts;

cloud_driver::provide_snapshots!(Hetzner);

impl Copies for Parts {
    fn account(&self) -> &Account {
        &self.account
    }

    async fn get(&self, id: &SnapshotId) -> Result<Snapshot> {
        convert::snapshot(self.api.get_image(convert::number(id.as_str())?).await?)
    }

    async fn list(&self) -> Result<Vec<Snapshot>> {
        let own = selector(&[(ownership::OWNER, self.account.owner().as_str())]);
        self.api.snapshots(&own).await?.into_iter().map(convert::snapshot).collect()
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
