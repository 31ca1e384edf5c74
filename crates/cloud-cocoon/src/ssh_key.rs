//! SSH keys that an owner keeps on this box.

use async_trait::async_trait;
use cloud_types::{Error, ErrorKind, Name, Owner, Result, SshKey, SshKeyId, SshKeys, SshPublicKey};
use cocoon::{RecordVersion, Shelf, VmId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::host::Provider;
use crate::parts::Parts;

/// What is written down of a key: `ssh-keys/ID.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct KeyRecord {
    version: RecordVersion,
    pub(crate) id: VmId,
    pub(crate) name: Name,
    pub(crate) owner: Owner,
    key: SshPublicKey,
    pub(crate) created_at: Timestamp,
}

impl KeyRecord {
    fn key(self) -> SshKey {
        let id = SshKeyId::new(self.id.as_str());
        SshKey { id, name: self.name.to_string(), owner: Some(self.owner), key: self.key }
    }
}

#[async_trait]
impl SshKeys for Provider {
    async fn create_ssh_key(&self, name: &Name, key: &SshPublicKey) -> Result<SshKey> {
        self.0.account.call("create_ssh_key", keep(&self.0, name, key)).await
    }

    async fn list_ssh_keys(&self) -> Result<Vec<SshKey>> {
        let list = async { Ok(own(&self.0).await?.into_iter().map(KeyRecord::key).collect()) };
        self.0.account.call("list_ssh_keys", list).await
    }

    async fn delete_ssh_key(&self, id: &SshKeyId) -> Result<()> {
        self.0.account.call("delete_ssh_key", delete(&self.0, id.as_str())).await
    }
}

fn shelf(parts: &Parts) -> Shelf {
    parts.cocoon.shelf("ssh-keys")
}

/// This owner's keys, by name.
pub(crate) async fn own(parts: &Parts) -> Result<Vec<KeyRecord>> {
    let mut keys: Vec<KeyRecord> = shelf(parts).all().await?;
    keys.retain(|key| key.owner == *parts.owner());
    keys.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(keys)
}

async fn keep(parts: &Parts, name: &Name, key: &SshPublicKey) -> Result<SshKey> {
    let shelf = shelf(parts);
    let held = shelf.hold("keeping an SSH key").await?;
    let own = own(parts).await?;
    if let Some(kept) = own.iter().find(|kept| kept.key.fingerprint() == key.fingerprint()) {
        return Ok(kept.clone().key());
    }
    if own.iter().any(|kept| kept.name == *name) {
        let message = format!("there is another SSH key `{name}` already");
        return Err(Error::new(ErrorKind::AlreadyExists, message));
    }
    let record = KeyRecord {
        version: RecordVersion,
        id: VmId::random(),
        name: name.clone(),
        owner: parts.owner().clone(),
        key: key.clone(),
        created_at: Timestamp::now(),
    };
    shelf.write(&held, &record.id, &record).await?;
    Ok(record.key())
}

/// Deletes a key; one that is not there is deleted.
pub(crate) async fn delete(parts: &Parts, id: &str) -> Result<()> {
    // What is no id of ours is not there.
    let Ok(id) = VmId::try_from(id.to_owned()) else { return Ok(()) };
    let shelf = shelf(parts);
    let held = shelf.hold("deleting an SSH key").await?;
    shelf.remove(&held, &id).await
}
