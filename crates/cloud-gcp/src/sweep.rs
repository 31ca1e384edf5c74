//! All that an owner has in a project, hosts first, so that what they use can go after them.
//!
//! What is on its way out is not among it: an instance takes up to some minutes to be gone after its delete was accepted.

use async_trait::async_trait;
use cloud_driver::{Copies, Deletes, gone, labels as driver_labels, remove_unused};
use cloud_types::{Error, ErrorKind, HostId, Resource, ResourceKind, Result, SnapshotId, Sweep};

use crate::client::own;
use crate::delete::{Delete, delete_and_see_gone};
use crate::host::Gcp;
use crate::parts::Parts;
use crate::place::Place;
use crate::seen::Disk;
use crate::{convert, labels};

#[async_trait]
impl Sweep for Gcp {
    async fn list_resources(&self) -> Result<Vec<Resource>> {
        let list = async {
            let parts = &self.0;
            let (mut all, mut leaving) = (Vec::new(), Vec::new());
            for seen in parts.reader.own(&[]).await? {
                match parts.reader.is_leaving(&seen).await? {
                    true => leaving.push(seen.place),
                    false => all.push(convert::host_resource(&seen)),
                }
            }
            let is_leaving = |user: &Place| leaving.iter().any(|host| host.is(user));
            // A boot disk goes with its host, and so does a data disk that is not to be kept.
            let goes = |disk: &Disk| {
                let is_data_disk = driver_labels::is_for(&disk.labels, driver_labels::DATA_DISK);
                match labels::is_boot_disk(&disk.labels) {
                    true => !disk.users.is_empty(),
                    false => is_data_disk && !driver_labels::is_kept(&disk.labels) && disk.users.iter().any(is_leaving),
                }
            };
            all.extend(parts.disks.own().await?.iter().filter(|disk| !goes(disk)).map(convert::disk_resource));
            let snapshots = parts.api.all_snapshots(&own(parts.account.owner(), &[])).await?;
            all.extend(snapshots.iter().map(convert::snapshot_resource));
            all.extend(parts.addresses.resources(is_leaving).await?);
            all.extend(parts.firewalls.resources().await?);
            Ok(all)
        };
        self.0.account.call("list_resources", list).await
    }

    async fn delete_resource(&self, resource: &Resource) -> Result<()> {
        let (parts, id) = (&*self.0, resource.id.as_str());
        let remove = async {
            match resource.kind {
                ResourceKind::Host => delete_and_see_gone(parts, &HostId::new(id)).await,
                ResourceKind::Volume => match Place::read(id) {
                    Ok(place) => parts.disks.remove(&place).await,
                    Err(_) => Ok(()),
                },
                ResourceKind::Snapshot => gone(Copies::remove(parts, &SnapshotId::new(id)).await),
                ResourceKind::Address => release(parts, id).await,
                ResourceKind::Firewall => parts.firewalls.remove_rule(id).await,
                _ => Ok(()),
            }
        };
        parts.account.call("delete_resource", remove).await
    }
}

/// Gives an address back that nothing may use any more. Its id is of the form of a host's, with a region.
async fn release(parts: &Parts, id: &str) -> Result<()> {
    let (Ok(place), delete) = (Place::read(id), Delete(parts)) else { return Ok(()) };
    let Some(address) = delete.address(&place.zone, &place.name, None).await? else { return Ok(()) };
    if delete.in_use(&address, None).await? {
        return Err(Error::new(ErrorKind::Conflict, format!("the {} is in use", delete.describe(&address))));
    }
    remove_unused(&delete, address, None).await
}
