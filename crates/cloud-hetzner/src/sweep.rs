//! All that an owner has in a project, hosts first, so that what they use can go after them.

use async_trait::async_trait;
use cloud_driver::{delete_whole, gone};
use cloud_types::{HostId, Resource, ResourceKind, Result, Sweep, ownership};

use crate::client::selector;
use crate::convert::{self, Thing};
use crate::delete::Delete;
use crate::host::Hetzner;

#[async_trait]
impl Sweep for Hetzner {
    async fn list_resources(&self) -> Result<Vec<Resource>> {
        let list = async {
            let (api, own) = (&self.0.api, selector(&[(ownership::OWNER, self.0.account.owner().as_str())]));
            let mut all: Vec<Resource> = api.all_servers(&own).await?.into_iter().map(convert::host_resource).collect();
            let mut things: Vec<Thing> = api.all_volumes(&own).await?.into_iter().map(Thing::from).collect();
            things.extend(api.snapshots(&own).await?.into_iter().map(Thing::from));
            things.extend(api.all_firewalls(&own).await?.into_iter().map(Thing::from));
            things.extend(api.all_ssh_keys(&own).await?.into_iter().map(Thing::from));
            all.extend(things.into_iter().map(Thing::resource));
            Ok(all)
        };
        self.0.account.call("list_resources", list).await
    }

    async fn delete_resource(&self, resource: &Resource) -> Result<()> {
        let remove = async {
            let Ok(number) = convert::number(&resource.id) else { return Ok(()) };
            let api = &self.0.api;
            match resource.kind {
                ResourceKind::Host => delete_whole(&Delete(&self.0), &HostId::new(resource.id.as_str())).await,
                ResourceKind::Volume => gone(api.delete_volume(number).await),
                ResourceKind::Snapshot => gone(api.delete_image(number).await),
                ResourceKind::Firewall => {
                    self.0.dependents.forget();
                    gone(api.delete_firewall(number).await)
                }
                ResourceKind::SshKey => {
                    self.0.dependents.forget();
                    gone(api.delete_ssh_key(number).await)
                }
                _ => Ok(()),
            }
        };
        self.0.account.call("delete_resource", remove).await
    }
}
