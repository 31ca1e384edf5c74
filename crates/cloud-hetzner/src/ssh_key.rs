//! SSH keys that a caller keeps at Hetzner under names of its own, apart from those that creates make for their hosts.

use async_trait::async_trait;
use cloud_types::{Error, ErrorKind, Name, Result, SshKey, SshKeyId, SshKeys, SshPublicKey, ownership};

use crate::client::selector;
use crate::companions::md5_fingerprint;
use crate::host::{Hetzner, named};
use crate::wire::CreateSshKey;
use crate::{convert, delete, labels};

#[async_trait]
impl SshKeys for Hetzner {
    async fn create_ssh_key(&self, name: &Name, key: &SshPublicKey) -> Result<SshKey> {
        let labels = ownership::resource_labels(&self.0.owner, name.as_str());
        let line = key.to_openssh();
        let body = CreateSshKey { name: name.as_str(), public_key: &line, labels: &labels };
        let create = self.0.create_or_find(
            || self.0.api.create_ssh_key(&body),
            || async { self.0.api.find_ssh_key(&md5_fingerprint(key)).await },
        );
        let found = named("create_ssh_key", create.await.and_then(convert::ssh_key))?;
        match found.owner == Some(self.0.owner.clone()) {
            true => Ok(found),
            false => {
                let message = format!("the key is kept as {} by another owner", found.name);
                named("create_ssh_key", Err(Error::new(ErrorKind::AlreadyExists, message)))
            }
        }
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
