//! Snapshots of a host's boot disk. Their names are unique in a project, so one is made of owner and name.

use cloud_driver::{Account, Copies, found, nonsense};
use cloud_types::{Error, ErrorKind, HostId, Name, Result, Snapshot, SnapshotId};

use crate::client::own;
use crate::host::Gcp;
use crate::parts::Parts;
use crate::place::{Place, path_of};
use crate::seen::Begun;
use crate::{convert, labels};

cloud_driver::provide_snapshots!(Gcp);

impl Copies for Parts {
    fn account(&self) -> &Account {
        &self.account
    }

    async fn get(&self, id: &SnapshotId) -> Result<Snapshot> {
        convert::snapshot(self.api.get_snapshot(check(id)?).await?)
    }

    async fn list(&self) -> Result<Vec<Snapshot>> {
        let own = own(self.account.owner(), &[]);
        self.api.all_snapshots(&own).await?.into_iter().map(convert::snapshot).collect()
    }

    async fn of_name(&self, name: &Name) -> Result<Vec<Snapshot>> {
        let there = found(self.api.get_snapshot(&labels::snapshot_name(self.account.owner(), name)).await)?;
        there.into_iter().map(convert::snapshot).collect()
    }

    async fn copy(&self, host: &HostId, name: &Name) -> Result<Snapshot> {
        let seen = self.reader.read_alone(&Place::read(host.as_str())?).await?;
        let boot = seen.disks.iter().find(|disk| disk.boot).or(seen.disks.first());
        let source = boot.map(|disk| path_of(&disk.source)).ok_or_else(|| nonsense("a host without a disk"))?;
        let own = labels::of_snapshot(self.account.owner(), name, &seen.place, seen.labels.get(labels::SSH_USER));
        let full_name = labels::snapshot_name(self.account.owner(), name);
        let body = convert::create_snapshot(&full_name, source, &own);
        let begun = Begun::from(self.api.create_snapshot(&body).await?);
        // What is refused at once is told at once; the copying goes on.
        self.operations.look(&begun).await?.unwrap_or(Ok(()))?;
        let look = || async { found(self.api.get_snapshot(&full_name).await) };
        convert::snapshot(self.account.until("the snapshot is shown", self.account.lag() * 2, look).await?)
    }

    async fn remove(&self, id: &SnapshotId) -> Result<()> {
        self.operations.finish(self.api.delete_snapshot(check(id)?)).await
    }
}

fn check(id: &SnapshotId) -> Result<&str> {
    match Name::new(id.as_str()) {
        Ok(_) => Ok(id.as_str()),
        Err(_) => Err(Error::new(ErrorKind::NotFound, "there is no such snapshot: an id here is a name")),
    }
}
