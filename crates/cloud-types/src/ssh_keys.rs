//! SSH public keys that the provider keeps.

use async_trait::async_trait;

use crate::{Name, Owner, Result, SshKeyId, SshPublicKey};

/// The ability to keep SSH public keys at the provider. Creating a host needs none of it: a spec holds its keys itself.
#[async_trait]
pub trait SshKeys: Send + Sync {
    /// Keeps a key under a name.
    ///
    /// # Contract
    /// - The key identifies it: keeping it again gives the same id (`keeping_an_ssh_key_twice_gives_one_key`).
    ///
    /// # Errors
    /// `AlreadyExists` (the name is taken by another key, or the key by another owner), `QuotaExceeded`, and what every
    /// call can meet.
    async fn create_ssh_key(&self, name: &Name, key: &SshPublicKey) -> Result<SshKey>;

    /// Lists all keys of this owner that [`create_ssh_key`](Self::create_ssh_key) made.
    ///
    /// # Errors
    /// What every call can meet.
    async fn list_ssh_keys(&self) -> Result<Vec<SshKey>>;

    /// Deletes a key; one that is not there is success. Hosts made with it keep it.
    ///
    /// # Errors
    /// What every call can meet.
    async fn delete_ssh_key(&self, id: &SshKeyId) -> Result<()>;
}

/// An SSH public key as the provider keeps it.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SshKey {
    /// How to find it again.
    pub id: SshKeyId,
    /// Its name.
    pub name: String,
    /// Who it belongs to, where this library made it.
    pub owner: Option<Owner>,
    /// The key itself.
    pub key: SshPublicKey,
}
