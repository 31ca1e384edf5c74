//! All that an owner has in an account, hosts first, so that what they use can go after them.
//!
//! What is on its way out is not among it: an instance takes up to some minutes to end after its delete was accepted.

use std::collections::HashSet;

use async_trait::async_trait;
use aws_sdk_ec2::types::Volume;
use cloud_types::{HostId, HostState, Region, Resource, ResourceKind, Result, Sweep, ownership};

use crate::client::tagged;
use crate::convert::{self, GROUP, KEY, Place};
use crate::host::{Aws, Inner, named, there};
use crate::image::{IMAGE, PART};
use crate::tags;
use crate::volume::VOLUME;

#[async_trait]
impl Sweep for Aws {
    async fn list_resources(&self) -> Result<Vec<Resource>> {
        let list = async {
            let mut all = self.0.api.everywhere(|region| self.0.resources(region)).await?;
            all.sort_by_key(|resource| rank(resource.kind));
            Ok(all)
        };
        named("list_resources", Box::pin(list).await)
    }

    async fn delete_resource(&self, resource: &Resource) -> Result<()> {
        let inner = &self.0;
        let remove = async {
            let place = |prefix: &str| Place::read(prefix, &resource.id);
            match resource.kind {
                ResourceKind::Host => inner.delete_and_see_ended(&HostId::new(resource.id.as_str())).await,
                ResourceKind::Volume => match place(VOLUME) {
                    Ok(place) => inner.remove_volume(&place).await,
                    Err(_) => Ok(()),
                },
                ResourceKind::Snapshot => match (place(IMAGE), place(PART)) {
                    (Ok(place), _) => inner.remove_snapshot(&place).await,
                    (_, Ok(place)) => inner.remove_part(&place).await,
                    _ => Ok(()),
                },
                ResourceKind::Firewall => match place(GROUP) {
                    Ok(place) => inner.remove_group(&place.region, &place.id).await,
                    Err(_) => Ok(()),
                },
                ResourceKind::SshKey => match place(KEY) {
                    Ok(place) => inner.api.delete_key(&place.region, &place.id).await,
                    Err(_) => Ok(()),
                },
                _ => Ok(()),
            }
        };
        named("delete_resource", Box::pin(remove).await)
    }
}

impl Inner {
    async fn resources(&self, region: Region) -> Result<Vec<Resource>> {
        let region = &region;
        let mut all = Vec::new();
        let mut leaving = HashSet::new();
        let mine = [tagged(ownership::OWNER, self.owner.as_str()), there()];
        for instance in self.api.all_instances(region, &mine).await? {
            match convert::state(&instance) {
                HostState::Deleting => drop(leaving.insert(instance.instance_id.unwrap_or_default())),
                _ => all.push(convert::instance_resource(region, &instance)?),
            }
        }
        for volume in self.own_volumes(region, &[]).await? {
            if !goes_with_a_host(&volume, &leaving) {
                all.push(convert::volume_resource(region, &volume)?);
            }
        }
        let images = self.own_images(region, &[]).await?;
        for image in &images {
            all.push(convert::image_resource(region, image)?);
        }
        for part in self.left_parts(region, &images).await? {
            all.push(convert::part_resource(region, &part)?);
        }
        for group in self.own_groups(region).await? {
            all.push(convert::group_resource(region, &group)?);
        }
        for key in self.own_keys(region).await? {
            all.push(convert::key_resource(region, &key)?);
        }
        Ok(all)
    }
}

/// The disk of a host's system goes with it, and so does a data disk that is not to be kept.
fn goes_with_a_host(volume: &Volume, leaving: &HashSet<String>) -> bool {
    let Some(host) = convert::attachment(volume).and_then(|one| one.instance_id.as_ref()) else { return false };
    let kept = tags::is_kept(&tags::read(volume.tags.as_deref()));
    match convert::is_data_disk(volume) {
        true => leaving.contains(host) && !kept,
        false => convert::is_boot_disk(volume),
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
