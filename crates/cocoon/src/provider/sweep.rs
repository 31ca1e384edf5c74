//! All that an owner has on this box, hosts first, so that what they use can go after them.

use async_trait::async_trait;
use cloud_types::{HostId, Resource, ResourceKind, Result, Sweep};

use super::host::Provider;
use super::{convert, named};

#[async_trait]
impl Sweep for Provider {
    async fn list_resources(&self) -> Result<Vec<Resource>> {
        let list = async {
            let vms = self.0.config.cocoon.list().await?;
            let own = vms.iter().filter(|vm| convert::owner(vm).as_ref() == Some(self.0.owner()));
            let hosts = own.map(|vm| Resource {
                kind: ResourceKind::Host,
                id: convert::host_id(&vm.name, &vm.id).as_str().to_owned(),
                name: vm.host.as_ref().map_or(&vm.name, |host| &host.name).to_string(),
                created_at: Some(vm.created_at),
                kept: false,
            });
            Ok(hosts.collect())
        };
        named("list_resources", list.await)
    }

    async fn delete_resource(&self, resource: &Resource) -> Result<()> {
        let delete = async {
            match resource.kind {
                ResourceKind::Host => self.0.delete(&HostId::new(resource.id.as_str())).await,
                _ => Ok(()),
            }
        };
        named("delete_resource", delete.await)
    }
}
