//! All that an owner has in a project, hosts first, so that what they use can go after them.

use async_trait::async_trait;
use cloud_types::{HostId, Resource, ResourceKind, Result, Sweep, ownership};

use crate::client::all_of;
use crate::convert::{self, Place};
use crate::host::{Gcp, named};
use crate::labels;

#[async_trait]
impl Sweep for Gcp {
    async fn list_resources(&self) -> Result<Vec<Resource>> {
        let list = async {
            let owner = format!("labels.{}", ownership::OWNER);
            let inner = &self.0;
            let mut all = Vec::new();
            let hosts = inner.api.all_instances(&all_of(&[(&owner, inner.owner.as_str())])).await?;
            all.extend(hosts.iter().map(convert::instance_resource));
            // A boot disk goes with its host; one without a host was left by something else.
            let disks = inner.own_disks().await?;
            let apart = |labels: &_, users: &[String]| !labels::is_boot_disk(labels) || users.is_empty();
            all.extend(disks.iter().filter(|disk| apart(&disk.labels, &disk.users)).map(convert::disk_resource));
            all.extend(inner.own_snapshots().await?.iter().map(convert::snapshot_resource));
            all.extend(inner.own_rules().await?.iter().map(convert::firewall_resource));
            Ok(all)
        };
        named("list_resources", list.await)
    }

    async fn delete_resource(&self, resource: &Resource) -> Result<()> {
        let remove = async {
            match resource.kind {
                ResourceKind::Host => self.0.delete_and_see_gone(&HostId::new(resource.id.as_str())).await,
                ResourceKind::Volume => match Place::read(&resource.id) {
                    Ok(place) => self.0.remove_disk(&place.zone, &place.name).await,
                    Err(_) => Ok(()),
                },
                ResourceKind::Snapshot => self.0.remove_snapshot(&resource.id).await,
                ResourceKind::Firewall => self.0.remove_rule(&resource.id).await,
                _ => Ok(()),
            }
        };
        named("delete_resource", remove.await)
    }
}
