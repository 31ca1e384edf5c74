//! All that an owner has in an account, hosts first, so that what they use can go after them.
//!
//! What is on its way out is not among it: an instance takes up to some minutes to end after its delete was accepted.

use std::collections::HashSet;

use async_trait::async_trait;
use cloud_driver::{gone, remove_unused};
use cloud_types::{HostId, Region, Resource, ResourceKind, Result, Sweep, ownership};

use crate::client::tagged;
use crate::convert::{Ami, Disk, GROUP, IMAGE, KEY, PART, Place, Seen, VOLUME};
use crate::delete::{Delete, delete_and_see_ended};
use crate::dependents::Shared;
use crate::host::Aws;
use crate::parts::Parts;
use crate::reader::there;
use crate::snapshot;

#[async_trait]
impl Sweep for Aws {
    async fn list_resources(&self) -> Result<Vec<Resource>> {
        let list = async {
            let mut all = self.0.api.everywhere(|region| resources(&self.0, region)).await?;
            all.sort_by_key(|resource| rank(resource.kind));
            Ok(all)
        };
        self.0.account.call("list_resources", list).await
    }

    async fn delete_resource(&self, resource: &Resource) -> Result<()> {
        self.0.account.call("delete_resource", remove(&self.0, resource)).await
    }
}

async fn remove(parts: &Parts, resource: &Resource) -> Result<()> {
    let place = |prefix: &str| Place::read(prefix, &resource.id).ok();
    match resource.kind {
        ResourceKind::Host => delete_and_see_ended(parts, &HostId::new(resource.id.as_str())).await,
        ResourceKind::Volume => match place(VOLUME) {
            Some(place) => parts.storage.remove(&place).await,
            None => Ok(()),
        },
        ResourceKind::Snapshot => match (place(IMAGE), place(PART)) {
            (Some(place), _) => snapshot::remove(parts, &place).await,
            (_, Some(place)) => snapshot::remove_part(parts, &place).await,
            _ => Ok(()),
        },
        ResourceKind::Firewall => match place(GROUP) {
            Some(place) => remove_unused(&Delete(parts), Shared::Group(place).into(), None).await,
            None => Ok(()),
        },
        ResourceKind::SshKey => match place(KEY) {
            Some(place) => gone(parts.api.delete_key(&place.region, &place.id).await),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

async fn resources(parts: &Parts, region: Region) -> Result<Vec<Resource>> {
    let region = &region;
    let mine = [tagged(ownership::OWNER, parts.account.owner().as_str()), there()];
    let (leaving, hosts): (Vec<_>, Vec<_>) =
        parts.reader.list(region, &mine).await?.into_iter().partition(Seen::is_leaving);
    let leaving: HashSet<String> = leaving.into_iter().map(|seen| seen.place.id).collect();
    let mut all: Vec<Resource> = hosts.into_iter().map(Seen::resource).collect();
    let mut disks = parts.storage.own(region, &[]).await?;
    disks.retain(|disk| !goes_with_a_host(disk, &leaving));
    all.extend(disks.into_iter().map(Disk::resource));
    let images = parts.images.own(region).await?;
    let left = snapshot::left_parts(parts, region, &images).await?;
    all.extend(images.into_iter().map(Ami::resource));
    all.extend(left.into_iter().map(|part| part.resource));
    for thing in parts.dependents.own(region).await? {
        all.push(thing.resource()?);
    }
    Ok(all)
}

/// The disk of a host's system goes with it, and so does a data disk that is not to be kept.
fn goes_with_a_host(disk: &Disk, leaving: &HashSet<String>) -> bool {
    let Some(attachment) = &disk.attachment else { return false };
    match disk.is_data() {
        true => leaving.contains(&attachment.host) && !disk.is_kept(),
        false => disk.is_boot(),
    }
}

/// The order in which things can be deleted.
fn rank(kind: ResourceKind) -> u8 {
    match kind {
        ResourceKind::Host => 0,
        ResourceKind::Volume => 1,
        ResourceKind::Snapshot => 2,
        _ => 3,
    }
}
