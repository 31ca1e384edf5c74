//! All that an owner has, in the order in which it can be deleted.

use async_trait::async_trait;
use cloud_driver::labels::is_kept;
use cloud_driver::{Copies, delete_whole, gone, volumes};
use cloud_types::{HostId, Owner, Resource, ResourceKind, Result, SnapshotId, SshKeyId, Sweep, VolumeId, ownership};
use cloud_world::{ImageKind, Labels, Record};
use jiff::Timestamp;

use crate::cloud::Cloud;
use crate::convert::world_id;
use crate::delete::Delete;
use crate::error::{not_found, refusal};
use crate::faults::Operation;
use crate::local::Local;

#[async_trait]
impl Sweep for Local {
    async fn list_resources(&self) -> Result<Vec<Resource>> {
        let list = |cloud: &mut Cloud, _| Ok(resources(cloud, self.0.account.owner()));
        self.0.account.call("list_resources", self.0.client.repeat(Operation::ListResources, list)).await
    }

    async fn delete_resource(&self, resource: &Resource) -> Result<()> {
        let (parts, id) = (&*self.0, resource.id.as_str());
        let delete = async {
            match resource.kind {
                ResourceKind::Host => delete_whole(&Delete(parts), &HostId::new(id)).await,
                ResourceKind::Snapshot => gone(parts.remove(&SnapshotId::new(id)).await),
                ResourceKind::Volume => volumes::delete(parts, &VolumeId::new(id)).await,
                ResourceKind::SshKey => parts.delete_ssh_key(&SshKeyId::new(id)).await,
                ResourceKind::Firewall => {
                    let delete = |cloud: &mut Cloud, now| {
                        let number = world_id(id).ok_or_else(|| not_found("firewall", id));
                        gone(number.and_then(|id| cloud.world.delete_firewall(id, now).map_err(refusal)))
                    };
                    parts.client.repeat(Operation::DeleteFirewall, delete).await
                }
                // Addresses go with their hosts here, and there are no other things.
                _ => Ok(()),
            }
        };
        parts.account.call("delete_resource", delete).await
    }
}

fn resources(cloud: &Cloud, owner: &Owner) -> Vec<Resource> {
    let world = &cloud.world;
    let is_mine = |labels: &Labels| ownership::owner_of(labels).as_ref() == Some(owner);
    let hosts = world.hosts.iter().filter(|host| is_mine(&host.labels));
    let snapshots = world.images.iter().filter(|image| image.kind == ImageKind::Snapshot && is_mine(&image.labels));
    let volumes = world.volumes.iter().filter(|volume| is_mine(&volume.labels));
    let firewalls = world.firewalls.iter().filter(|firewall| is_mine(&firewall.labels));
    let keys = world.ssh_keys.iter().filter(|key| is_mine(&key.labels));
    hosts
        .map(|host| resource(ResourceKind::Host, host, host.created))
        .chain(snapshots.map(|image| resource(ResourceKind::Snapshot, image, image.created)))
        .chain(volumes.map(|volume| Resource {
            kept: is_kept(&volume.labels),
            ..resource(ResourceKind::Volume, volume, volume.created)
        }))
        .chain(firewalls.map(|firewall| resource(ResourceKind::Firewall, firewall, firewall.created)))
        .chain(keys.map(|key| resource(ResourceKind::SshKey, key, key.created)))
        .collect()
}

fn resource(kind: ResourceKind, record: &impl Record, created: Timestamp) -> Resource {
    Resource {
        kind,
        id: record.id().to_string(),
        name: record.name().unwrap_or_default().to_owned(),
        created_at: Some(created),
        kept: false,
    }
}
