//! SSH public keys that the cloud keeps.

use async_trait::async_trait;
use cloud_driver::gone;
use cloud_types::{Error, ErrorKind, Name, Owner, Result, SshKey, SshKeyId, SshKeys, SshPublicKey, ownership};
use jiff::Timestamp;

use crate::cloud::Cloud;
use crate::convert::{self, world_id};
use crate::error::{not_found, refusal};
use crate::faults::Operation;
use crate::local::{Local, Parts};

#[async_trait]
impl SshKeys for Local {
    async fn create_ssh_key(&self, name: &Name, key: &SshPublicKey) -> Result<SshKey> {
        let owner = self.0.account.owner();
        let put = |cloud: &mut Cloud, now| put(cloud, owner, name, key, now);
        self.0.account.call("create_ssh_key", self.0.client.repeat(Operation::CreateSshKey, put)).await
    }

    async fn list_ssh_keys(&self) -> Result<Vec<SshKey>> {
        let owner = self.0.account.owner();
        let list = |cloud: &mut Cloud, now| {
            let keys = cloud.world.ssh_keys.listed(now);
            keys.filter(|key| ownership::owner_of(&key.labels).as_ref() == Some(owner)).map(convert::ssh_key).collect()
        };
        self.0.account.call("list_ssh_keys", self.0.client.repeat(Operation::ListSshKeys, list)).await
    }

    async fn delete_ssh_key(&self, id: &SshKeyId) -> Result<()> {
        self.0.account.call("delete_ssh_key", self.0.delete_ssh_key(id)).await
    }
}

impl Parts {
    pub(crate) async fn delete_ssh_key(&self, id: &SshKeyId) -> Result<()> {
        let delete = |cloud: &mut Cloud, now| {
            let id = world_id(id.as_str()).ok_or_else(|| not_found("SSH key", id.as_str()));
            gone(id.and_then(|id| cloud.world.delete_ssh_key(id, now).map_err(refusal)))
        };
        self.client.repeat(Operation::DeleteSshKey, delete).await
    }
}

/// Finds or makes the key, which the cloud keeps only once, as it does its name.
fn put(cloud: &mut Cloud, owner: &Owner, name: &Name, key: &SshPublicKey, now: Timestamp) -> Result<SshKey> {
    let fingerprint = key.fingerprint();
    if let Some(found) = cloud.world.ssh_keys.iter().find(|found| found.fingerprint == fingerprint) {
        let found = convert::ssh_key(found)?;
        if found.owner.as_ref() == Some(owner) {
            return Ok(found);
        }
        return Err(Error::new(ErrorKind::AlreadyExists, "another owner keeps this key"));
    }
    let labels = ownership::resource_labels(owner, name.as_str());
    let text = format!("{owner}.{name}");
    let id = cloud.world.create_ssh_key(&text, &key.to_openssh(), &fingerprint, labels, now).map_err(refusal)?;
    cloud.world.ssh_keys.find(id).map_err(refusal).and_then(convert::ssh_key)
}
