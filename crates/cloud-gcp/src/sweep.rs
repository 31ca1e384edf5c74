//! All that an owner has in a project, hosts first, so that what they use can go after them.
//!
//! What is on its way out is not among it: an instance takes up to some minutes to be gone after its delete was accepted.

use std::collections::HashSet;

use async_trait::async_trait;
use cloud_types::{HostId, Resource, ResourceKind, Result, Sweep, ownership};

use crate::client::all_of;
use crate::convert::{self, Place};
use crate::host::{Gcp, named};
use crate::labels;
use crate::wire::Disk;

#[async_trait]
impl Sweep for Gcp {
    async fn list_resources(&self) -> Result<Vec<Resource>> {
        let list = async {
            let owner = format!("labels.{}", ownership::OWNER);
            let inner = &self.0;
            let mut all = Vec::new();
            let mut leaving = HashSet::new();
            for host in inner.api.all_instances(&all_of(&[(&owner, inner.owner.as_str())])).await? {
                match inner.is_leaving(&host).await? {
                    true => drop(leaving.insert((convert::last(&host.zone).to_owned(), host.name))),
                    false => all.push(convert::instance_resource(&host)),
                }
            }
            let is_leaving = |user: &String| {
                let zone = convert::zone_in(user).unwrap_or_default().to_owned();
                leaving.contains(&(zone, convert::last(user).to_owned()))
            };
            // A boot disk goes with its host, and so does a data disk that is not to be kept.
            let goes = |disk: &Disk| {
                let with_host = labels::is_data_disk(&disk.labels) && !labels::is_kept(&disk.labels);
                match labels::is_boot_disk(&disk.labels) {
                    true => !disk.users.is_empty(),
                    false => with_host && disk.users.iter().any(&is_leaving),
                }
            };
            all.extend(inner.own_disks().await?.iter().filter(|disk| !goes(disk)).map(convert::disk_resource));
            all.extend(inner.own_snapshots().await?.iter().map(convert::snapshot_resource));
            let mut addresses = inner.own_addresses().await?;
            addresses.retain(|address| !address.users.iter().any(&is_leaving));
            all.extend(addresses.iter().map(convert::address_resource));
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
                ResourceKind::Address => match Place::read(&resource.id) {
                    // Its id is of the same form, with a region.
                    Ok(place) => self.0.remove_address(&place.zone, &place.name).await,
                    Err(_) => Ok(()),
                },
                ResourceKind::Firewall => self.0.remove_rule(&resource.id).await,
                _ => Ok(()),
            }
        };
        named("delete_resource", remove.await)
    }
}
