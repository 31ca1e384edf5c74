//! What this box can do of a delete: the VM with its disks, then the data disk that its create made.

use cloud_driver::{Account, Deletes};
use cloud_types::{HostId, Result, VolumeId};
use cocoon::{Removal, Vm};

use crate::convert;
use crate::disks::VolumeRecord;
use crate::parts::Parts;

/// One delete, of an id of ours.
pub(crate) struct Delete<'a>(pub(crate) &'a Parts);

impl Deletes for Delete<'_> {
    type Host = Vm;
    type Part = VolumeRecord;

    fn account(&self) -> &Account {
        &self.0.account
    }

    async fn find(&self, id: &HostId) -> Result<Vm> {
        self.0.vm(id).await
    }

    /// Another VM may have the name by now, and is not meant.
    async fn delete(&self, id: &HostId, _: Option<&Vm>) -> Result<()> {
        self.0.asked.forget(id);
        let vm = self.0.locked(id, "delete").await?;
        self.0.cocoon.remove_locked(vm, Removal::EvenRunning).await
    }

    async fn parts(&self, id: &HostId, _: &Vm) -> Result<Vec<VolumeRecord>> {
        self.leftovers(id).await
    }

    async fn leftovers(&self, id: &HostId) -> Result<Vec<VolumeRecord>> {
        let mut disks = self.0.disks.of_host(&convert::vm_of(id)?.0).await?;
        disks.retain(VolumeRecord::goes_with_host);
        Ok(disks)
    }

    /// A VM has it by now, perhaps a later one of the name.
    async fn in_use(&self, part: &VolumeRecord, _: Option<&HostId>) -> Result<bool> {
        Ok(self.0.disks.users().await?.contains_key(&part.id))
    }

    async fn remove(&self, part: &VolumeRecord) -> Result<()> {
        self.0.disks.remove(&part.id, "deleting a data disk").await
    }

    async fn again(&self, part: VolumeRecord) -> Result<VolumeRecord> {
        self.0.disks.find(&VolumeId::new(part.id.as_str())).await
    }

    fn describe(&self, part: &VolumeRecord) -> String {
        format!("data disk {}", part.name)
    }
}
