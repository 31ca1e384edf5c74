//! SSH public keys that the cloud keeps.

use async_trait::async_trait;
use cloud_types::{Error, ErrorKind, Name, Owner, Result, SshKey, SshKeyId, SshKeys, SshPublicKey, ownership};
use jiff::Timestamp;

use crate::cloud::Cloud;
use crate::convert::world_id;
use crate::error::{not_found, refusal};
use crate::host::absent_is_done;
use crate::local::named;
use crate::{Local, Operation};

#[async_trait]
impl SshKeys for Local {
    async fn create_ssh_key(&self, name: &Name, key: &SshPublicKey) -> Result<SshKey> {
        let put = |cloud: &mut Cloud, now| put(cloud, &self.owner, name, key, now);
        named("create_ssh_key", self.repeat(Operation::CreateSshKey, put).await)
    }

    async fn list_ssh_keys(&self) -> Result<Vec<SshKey>> {
        let list = |cloud: &mut Cloud, now| {
            let keys = cloud.world.ssh_keys.listed(now);
            keys.filter(|key| ownership::owner_of(&key.labels).as_ref() == Some(&self.owner)).map(kept).collect()
        };
        named("list_ssh_keys", self.repeat(Operation::ListSshKeys, list).await)
    }

    async fn delete_ssh_key(&self, id: &SshKeyId) -> Result<()> {
        let gone = |cloud: &mut Cloud, now| {
            let id = world_id(id.as_str()).ok_or_else(|| not_found("SSH key", id.as_str()));
            absent_is_done(id.and_then(|id| cloud.world.delete_ssh_key(id, now).map_err(refusal)))
        };
        named("delete_ssh_key", self.repeat(Operation::DeleteSshKey, gone).await)
    }
}

/// Finds or makes the key, which the cloud keeps only once, as it does its name.
fn put(cloud: &mut Cloud, owner: &Owner, name: &Name, key: &SshPublicKey, now: Timestamp) -> Result<SshKey> {
    let fingerprint = key.fingerprint();
    if let Some(found) = cloud.world.ssh_keys.iter().find(|found| found.fingerprint == fingerprint) {
        let found = kept(found)?;
        if found.owner.as_ref() == Some(owner) {
            return Ok(found);
        }
        return Err(Error::new(ErrorKind::AlreadyExists, "another owner keeps this key"));
    }
    let labels = ownership::resource_labels(owner, name.as_str());
    let text = format!("{owner}.{name}");
    let id = cloud.world.create_ssh_key(&text, &key.to_openssh(), &fingerprint, labels, now).map_err(refusal)?;
    cloud.world.ssh_keys.find(id).map_err(refusal).and_then(kept)
}

fn kept(key: &cloud_world::SshKey) -> Result<SshKey> {
    Ok(SshKey {
        id: SshKeyId::new(key.id.to_string()),
        name: key.labels.get(ownership::NAME).unwrap_or(&key.name).clone(),
        owner: ownership::owner_of(&key.labels),
        key: key.public_key.parse()?,
    })
}
