//! What this cloud can do of a delete. A host's firewall and data disk go with it in one request; what is left to find is
//! the data disk of a create that was given up.

use cloud_driver::{Account, Deletes, gone};
use cloud_types::{HostId, HostRuntime, Result, ownership};
use cloud_world::Volume;

use crate::cloud::Cloud;
use crate::error::refusal;
use crate::faults::Operation;
use crate::labels::goes_with_host;
use crate::local::Parts;

/// One delete.
pub(crate) struct Delete<'a>(pub(crate) &'a Parts);

impl Deletes for Delete<'_> {
    type Host = HostRuntime;
    /// A data disk, by its number.
    type Part = u64;

    fn account(&self) -> &Account {
        &self.0.account
    }

    async fn find(&self, id: &HostId) -> Result<HostRuntime> {
        self.0.reader.read(id).await
    }

    async fn delete(&self, id: &HostId, _: Option<&HostRuntime>) -> Result<()> {
        let delete = |cloud: &mut Cloud, now| gone(cloud.delete_host(id.as_str(), now));
        self.0.client.repeat(Operation::DeleteHost, delete).await?;
        self.0.reader.recent.forget(id);
        Ok(())
    }

    async fn parts(&self, _: &HostId, _: &HostRuntime) -> Result<Vec<u64>> {
        Ok(Vec::new())
    }

    async fn leftovers(&self, _: &HostId) -> Result<Vec<u64>> {
        let owner = self.0.account.owner();
        let list = |cloud: &mut Cloud, _| {
            let cloud = &*cloud;
            let mine = |volume: &&Volume| ownership::owner_of(&volume.labels).as_ref() == Some(owner);
            let left = cloud.world.volumes.iter().filter(mine).filter(|volume| is_left(cloud, volume));
            Ok(left.map(|volume| volume.id).collect())
        };
        self.0.client.repeat(Operation::ListVolumes, list).await
    }

    async fn in_use(&self, disk: &u64, _: Option<&HostId>) -> Result<bool> {
        let look =
            |cloud: &mut Cloud, _| Ok(cloud.world.volumes.find(*disk).is_ok_and(|volume| !is_left(cloud, volume)));
        self.0.client.repeat(Operation::GetVolume, look).await
    }

    async fn remove(&self, disk: &u64) -> Result<()> {
        let delete = |cloud: &mut Cloud, now| cloud.world.delete_volume(*disk, now).map_err(refusal);
        self.0.client.repeat(Operation::DeleteVolume, delete).await
    }

    async fn again(&self, disk: u64) -> Result<u64> {
        Ok(disk)
    }

    fn describe(&self, disk: &u64) -> String {
        format!("data disk {disk}")
    }
}

impl Delete<'_> {
    /// Deletes a host and comes back when it is gone.
    pub(crate) async fn host_and_wait(&self, id: &HostId) -> Result<()> {
        let delete = |cloud: &mut Cloud, now| {
            gone(cloud.delete_host(id.as_str(), now))?;
            Ok(cloud.host(id.as_str()).is_err().then_some(()))
        };
        self.0.client.until("the host is gone", Operation::DeleteHost, delete).await
    }
}

/// Whether a volume is a data disk that a create made for a host that is not there.
fn is_left(cloud: &Cloud, volume: &Volume) -> bool {
    let label = |key| volume.labels.get(key).map_or("", String::as_str);
    let (owner, name) = (label(ownership::OWNER), label(ownership::NAME));
    goes_with_host(volume) && volume.host.is_none() && cloud.hosts_of(owner, name).next().is_none()
}
