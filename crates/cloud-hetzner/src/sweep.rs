//! All that an owner has in a project, hosts first, so that what they use can go after them.

use async_trait::async_trait;
use cloud_types::{HostId, Resource, ResourceKind, Result, Sweep, ownership};

use crate::client::selector;
use crate::convert;
use crate::delete::{self, gone};
use crate::host::{Hetzner, named};

#[async_trait]
impl Sweep for Hetzner {
    async fn list_resources(&self) -> Result<Vec<Resource>> {
        let list = async {
            let labels = selector(&[(ownership::OWNER, self.0.owner.as_str())]);
            let api = &self.0.api;
            let mut all: Vec<Resource> = Vec::new();
            all.extend(api.all_servers(&labels).await?.into_iter().map(convert::server_resource));
            all.extend(api.all_volumes(&labels).await?.into_iter().map(convert::volume_resource));
            all.extend(api.snapshots(&labels).await?.into_iter().map(convert::image_resource));
            all.extend(api.all_firewalls(&labels).await?.into_iter().map(convert::firewall_resource));
            all.extend(api.all_ssh_keys(&labels).await?.into_iter().map(convert::ssh_key_resource));
            Ok(all)
        };
        named("list_resources", self.0.in_time(list).await)
    }

    async fn delete_resource(&self, resource: &Resource) -> Result<()> {
        let api = &self.0.api;
        let remove = async {
            let Ok(number) = convert::number(&resource.id) else { return Ok(()) };
            match resource.kind {
                ResourceKind::Host => delete::delete(&self.0, &HostId::new(resource.id.as_str())).await,
                ResourceKind::Volume => gone(api.delete_volume(number).await),
                ResourceKind::Snapshot => gone(api.delete_image(number).await),
                ResourceKind::Firewall => gone(api.delete_firewall(number).await),
                ResourceKind::SshKey => {
                    self.0.companions.forget();
                    gone(api.delete_ssh_key(number).await)
                }
                _ => Ok(()),
            }
        };
        named("delete_resource", self.0.in_time(remove).await)
    }
}
