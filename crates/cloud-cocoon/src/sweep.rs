//! All that an owner has on this box, hosts first, so that what they use can go after them.

use async_trait::async_trait;
use cloud_types::{HostId, Resource, ResourceKind, Result, SnapshotId, Sweep};
use cocoon::{StoredSnapshot, Vm};

use crate::convert;
use crate::error::named;
use crate::host::Provider;
use crate::ssh_key::KeyRecord;
use crate::volume::VolumeRecord;

#[async_trait]
impl Sweep for Provider {
    async fn list_resources(&self) -> Result<Vec<Resource>> {
        let list = async {
            let vms = self.0.config.cocoon.list().await?;
            let own = vms.iter().filter(|vm| convert::owner(vm).as_ref() == Some(self.0.owner()));
            let mut all: Vec<Resource> = own.map(host).collect();
            all.extend(self.0.own_volumes().await?.iter().map(volume));
            all.extend(self.0.own_snapshots().await?.iter().map(snapshot));
            all.extend(self.0.own_keys().await?.iter().map(key));
            Ok(all)
        };
        named("list_resources", list.await)
    }

    async fn delete_resource(&self, resource: &Resource) -> Result<()> {
        let delete = async {
            match resource.kind {
                ResourceKind::Host => self.0.delete(&HostId::new(resource.id.as_str())).await,
                ResourceKind::Volume => self.0.delete_volume(&resource.id).await,
                ResourceKind::Snapshot => self.0.delete_snapshot(&SnapshotId::new(resource.id.as_str())).await,
                ResourceKind::SshKey => self.0.delete_key(&resource.id).await,
                _ => Ok(()),
            }
        };
        named("delete_resource", delete.await)
    }
}

fn host(vm: &Vm) -> Resource {
    Resource {
        kind: ResourceKind::Host,
        id: convert::host_id(&vm.name, &vm.id).as_str().to_owned(),
        name: vm.host.as_ref().map_or(&vm.name, |host| &host.name).to_string(),
        created_at: Some(vm.created_at),
        kept: false,
    }
}

fn volume(volume: &VolumeRecord) -> Resource {
    Resource {
        kind: ResourceKind::Volume,
        id: volume.id.as_str().to_owned(),
        name: volume.name.clone(),
        created_at: Some(volume.created_at),
        kept: volume.data_disk.as_ref().is_some_and(|of| of.keep),
    }
}

fn snapshot(kept: &StoredSnapshot) -> Resource {
    Resource {
        kind: ResourceKind::Snapshot,
        id: kept.note.id.as_str().to_owned(),
        name: kept.note.name.to_string(),
        created_at: Some(kept.image.pulled_at),
        kept: false,
    }
}

fn key(key: &KeyRecord) -> Resource {
    Resource {
        kind: ResourceKind::SshKey,
        id: key.id.as_str().to_owned(),
        name: key.name.to_string(),
        created_at: Some(key.created_at),
        kept: false,
    }
}
