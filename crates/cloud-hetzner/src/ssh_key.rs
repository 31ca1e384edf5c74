//! SSH keys that a caller keeps at Hetzner under names of its own, apart from those that creates make for their hosts.

use async_trait::async_trait;
use cloud_types::{Error, ErrorKind, Name, Result, SshKey, SshKeyId, SshKeys, SshPublicKey, ownership};

use crate::client::selector;
use crate::companions::md5_fingerprint;
use crate::host::{Hetzner, named};
use crate::wire::{CreateSshKey, UpdateSshKey};
use crate::{convert, delete, labels};

#[async_trait]
impl SshKeys for Hetzner {
    async fn create_ssh_key(&self, name: &Name, key: &SshPublicKey) -> Result<SshKey> {
        let labels = ownership::resource_labels(&self.0.owner, name.as_str());
        let line = key.to_openssh();
        let body = CreateSshKey { name: name.as_str(), public_key: &line, labels: &labels };
        let fingerprint = md5_fingerprint(key);
        let keep = async {
            let create = || self.0.api.create_ssh_key(&body);
            let found = self.0.ensure(create, || self.0.api.find_ssh_key(&fingerprint)).await?.into_inner();
            if labels::is_for(&found.labels, labels::FOR_HOSTS) {
                // A create made it for its host; from now on it is the caller's, and stays when the host goes.
                let update = UpdateSshKey { name: name.as_str(), labels: &labels };
                let kept = self.0.api.update_ssh_key(found.id, &update).await?;
                self.0.companions.forget();
                return convert::ssh_key(kept);
            }
            let found = convert::ssh_key(found)?;
            if found.owner.as_ref() == Some(&self.0.owner) {
                return Ok(found);
            }
            let message = format!("the key is kept as {} by someone else", found.name);
            Err(Error::new(ErrorKind::AlreadyExists, message))
        };
        named("create_ssh_key", self.0.in_time(keep).await)
    }

    async fn list_ssh_keys(&self) -> Result<Vec<SshKey>> {
        let labels = selector(&[(ownership::OWNER, self.0.owner.as_str())]);
        let mut keys = named("list_ssh_keys", self.0.api.all_ssh_keys(&labels).await)?;
        keys.retain(|key| !labels::is_for(&key.labels, labels::FOR_HOSTS));
        named("list_ssh_keys", keys.into_iter().map(convert::ssh_key).collect())
    }

    async fn delete_ssh_key(&self, id: &SshKeyId) -> Result<()> {
        let Ok(number) = convert::number(id.as_str()) else { return Ok(()) };
        self.0.companions.forget();
        named("delete_ssh_key", delete::gone(self.0.api.delete_ssh_key(number).await))
    }
}
