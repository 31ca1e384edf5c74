//! All that an owner has on this box, hosts first, so that what they use can go after them.

use async_trait::async_trait;
use cloud_driver::{Copies, delete_whole, gone, volumes};
use cloud_types::{HostId, Resource, ResourceKind, Result, SnapshotId, Sweep, VolumeId};
use cocoon::{StoredSnapshot, Vm};

use crate::delete::Delete;
use crate::disks::VolumeRecord;
use crate::host::Provider;
use crate::ssh_key::{self, KeyRecord};
use crate::{convert, snapshot as snapshots};

#[async_trait]
impl Sweep for Provider {
    async fn list_resources(&self) -> Result<Vec<Resource>> {
        let list = async {
            let vms = self.0.cocoon.list().await?;
            let own = vms.iter().filter(|vm| convert::owner(vm).as_ref() == Some(self.0.owner()));
            let mut all: Vec<Resource> = own.map(host).collect();
            all.extend(self.0.disks.own().await?.iter().map(volume));
            all.extend(snapshots::own(&self.0).await?.iter().map(snapshot));
            all.extend(ssh_key::own(&self.0).await?.iter().map(key));
            Ok(all)
        };
        self.0.account.call("list_resources", list).await
    }

    async fn delete_resource(&self, resource: &Resource) -> Result<()> {
        let id = resource.id.as_str();
        let delete = async {
            match resource.kind {
                ResourceKind::Host if convert::vm_of(&HostId::new(id)).is_ok() => {
                    delete_whole(&Delete(&self.0), &HostId::new(id)).await
                }
                ResourceKind::Volume => volumes::delete(&*self.0, &VolumeId::new(id)).await,
                ResourceKind::Snapshot => gone(Copies::remove(&*self.0, &SnapshotId::new(id)).await),
                ResourceKind::SshKey => ssh_key::delete(&self.0, id).await,
                _ => Ok(()),
            }
        };
        self.0.account.call("delete_resource", delete).await
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
