//! SSH keys that an owner keeps on this box.

use async_trait::async_trait;
use cloud_types::{Error, ErrorKind, Name, Owner, Result, SshKey, SshKeyId, SshKeys, SshPublicKey};
use cocoon::{RecordVersion, Shelf, VmId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::named;
use crate::host::{Inner, Provider};

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
    fn told(self) -> SshKey {
        let id = SshKeyId::new(self.id.as_str());
        SshKey { id, name: self.name.to_string(), owner: Some(self.owner), key: self.key }
    }
}

#[async_trait]
impl SshKeys for Provider {
    async fn create_ssh_key(&self, name: &Name, key: &SshPublicKey) -> Result<SshKey> {
        named("create_ssh_key", self.0.keep_key(name, key).await)
    }

    async fn list_ssh_keys(&self) -> Result<Vec<SshKey>> {
        let keys = self.0.own_keys().await.map(|keys| keys.into_iter().map(KeyRecord::told).collect());
        named("list_ssh_keys", keys)
    }

    async fn delete_ssh_key(&self, id: &SshKeyId) -> Result<()> {
        named("delete_ssh_key", self.0.delete_key(id.as_str()).await)
    }
}

impl Inner {
    fn keys(&self) -> Shelf {
        self.config.cocoon.shelf("ssh-keys")
    }

    /// This owner's keys, by name.
    pub(crate) async fn own_keys(&self) -> Result<Vec<KeyRecord>> {
        let mut keys: Vec<KeyRecord> = self.keys().all().await?;
        keys.retain(|key| key.owner == *self.owner());
        keys.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(keys)
    }

    async fn keep_key(&self, name: &Name, key: &SshPublicKey) -> Result<SshKey> {
        let shelf = self.keys();
        let held = shelf.hold("keeping an SSH key").await?;
        let own = self.own_keys().await?;
        if let Some(kept) = own.iter().find(|kept| kept.key.fingerprint() == key.fingerprint()) {
            return Ok(kept.clone().told());
        }
        if own.iter().any(|kept| kept.name == *name) {
            let message = format!("there is another SSH key `{name}` already");
            return Err(Error::new(ErrorKind::AlreadyExists, message));
        }
        let record = KeyRecord {
            version: RecordVersion,
            id: VmId::random(),
            name: name.clone(),
            owner: self.owner().clone(),
            key: key.clone(),
            created_at: Timestamp::now(),
        };
        shelf.write(&held, &record.id, &record).await?;
        Ok(record.told())
    }

    pub(crate) async fn delete_key(&self, id: &str) -> Result<()> {
        // What is no id of ours is not there.
        let Ok(id) = VmId::try_from(id.to_owned()) else { return Ok(()) };
        let shelf = self.keys();
        let held = shelf.hold("deleting an SSH key").await?;
        shelf.remove(&held, &id).await
    }
}
