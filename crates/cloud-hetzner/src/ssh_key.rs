//! SSH keys that a caller keeps at Hetzner under names of its own, apart from those that creates make for their hosts.

use async_trait::async_trait;
use cloud_driver::{ensure, gone, labels};
use cloud_types::{Error, ErrorKind, Name, Result, SshKey, SshKeyId, SshKeys, SshPublicKey, ownership};

use crate::client::selector;
use crate::convert;
use crate::host::Hetzner;

#[async_trait]
impl SshKeys for Hetzner {
    async fn create_ssh_key(&self, name: &Name, key: &SshPublicKey) -> Result<SshKey> {
        let keep = async {
            let (account, dependents) = (&self.0.account, &self.0.dependents);
            let own = ownership::resource_labels(account.owner(), name.as_str());
            let create = || dependents.create_key(name.as_str(), key, &own);
            let found = ensure(account, create, || dependents.find_key(key)).await?.into_inner();
            if labels::is_for(&found.labels, labels::FOR_HOSTS) {
                // A create made it for its host; from now on it is the caller's, and stays when the host goes.
                let kept = self.0.api.update_ssh_key(found.id, &convert::update_ssh_key(name.as_str(), &own)).await?;
                dependents.forget();
                return convert::ssh_key(kept);
            }
            let owner = ownership::owner_of(&found.labels);
            if owner.as_ref() == Some(account.owner()) {
                return Ok(SshKey {
                    id: SshKeyId::new(found.id.to_string()),
                    name: found.name,
                    owner,
                    key: key.clone(),
                });
            }
            let message = format!("the key is kept as {} by someone else", found.name);
            Err(Error::new(ErrorKind::AlreadyExists, message))
        };
        self.0.account.call("create_ssh_key", keep).await
    }

    async fn list_ssh_keys(&self) -> Result<Vec<SshKey>> {
        let list = async {
            let own = selector(&[(ownership::OWNER, self.0.account.owner().as_str())]);
            let mut keys = self.0.api.all_ssh_keys(&own).await?;
            keys.retain(|key| !labels::is_for(&key.labels, labels::FOR_HOSTS));
            keys.into_iter().map(convert::ssh_key).collect()
        };
        self.0.account.call("list_ssh_keys", list).await
    }

    async fn delete_ssh_key(&self, id: &SshKeyId) -> Result<()> {
        let Ok(number) = convert::number(id.as_str()) else { return Ok(()) };
        self.0.dependents.forget();
        let delete = async { gone(self.0.api.delete_ssh_key(number).await) };
        self.0.account.call("delete_ssh_key", delete).await
    }
}
