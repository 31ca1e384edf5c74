//! SSH keys as EC2's key pairs: those that creates make for their hosts, and those that a caller keeps, apart from them.
//!
//! Key pairs belong to a region. A host's is in its own, shared by the owner's hosts there; kept ones are in the provider's
//! first region. A launch takes one, of RSA or ED25519: how the others get in is told in [`first_boot`](crate::create).

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use aws_sdk_ec2::types::{KeyPairInfo, ResourceType};
use cloud_types::{Error, ErrorKind, Name, Owner, Region, Result, SshKey, SshKeyId, SshKeys, SshPublicKey, ownership};
use jiff::Timestamp;

use crate::client::{filter, tagged};
use crate::convert::{self, KEY, Place, nonsense};
use crate::host::{Aws, Inner, named};
use crate::reader::{LAG_PAUSE, READ_LAG};
use crate::tags;

/// The key pairs that this process has seen, by region and name.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    known: Mutex<HashSet<(Region, String)>>,
}

impl Keys {
    fn knows(&self, region: &Region, name: &str) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(&(region.clone(), name.to_owned()))
    }

    fn learn(&self, region: &Region, name: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert((region.clone(), name.to_owned()));
    }

    /// Forgets a key pair that is gone.
    pub(crate) fn forget(&self, region: &Region, name: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&(region.clone(), name.to_owned()));
    }
}

impl Inner {
    /// The name of the key pair of a host's key, which is made where this process has not seen it.
    pub(crate) async fn ensure_key(&self, region: &Region, key: &SshPublicKey) -> Result<String> {
        let name = tags::key_name(&self.owner, tags::FOR_HOSTS, key);
        if !self.keys.knows(region, &name) {
            let tags = tags::of_shared(&self.owner, &name, tags::FOR_HOSTS);
            let tags = tags::specification(ResourceType::KeyPair, &tags);
            match self.api.create_key(region, &name, &key.to_openssh(), &tags).await {
                // There, and the right one: its name holds its fingerprint.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                other => drop(other?),
            }
            self.keys.learn(region, &name);
        }
        Ok(name)
    }

    /// Removes a key pair that creates made, unless a host uses it that is to stay.
    pub(crate) async fn remove_key(&self, region: &Region, name: &str) -> Result<()> {
        if self.has_staying_user(region, filter("key-name", [name])).await? {
            return Ok(());
        }
        self.keys.forget(region, name);
        self.api.delete_key_named(region, name).await
    }

    /// Removes all key pairs of this owner in a region that creates made and no host uses.
    pub(crate) async fn remove_unused_keys(&self, region: &Region) -> Result<()> {
        for key in self.own_keys(region).await? {
            let name = key.key_name.unwrap_or_default();
            if is_for_hosts(&self.owner, &name) {
                self.remove_key(region, &name).await?;
            }
        }
        Ok(())
    }

    /// All key pairs of this owner in a region.
    pub(crate) async fn own_keys(&self, region: &Region) -> Result<Vec<KeyPairInfo>> {
        self.api.all_keys(region, &[tagged(ownership::OWNER, self.owner.as_str())]).await
    }

    /// The keys that this owner keeps.
    async fn kept_keys(&self) -> Result<Vec<SshKey>> {
        let region = self.first_region().await?;
        let filters = [tagged(ownership::OWNER, self.owner.as_str()), tagged(tags::USE, tags::KEPT)];
        self.api.all_keys(&region, &filters).await?.iter().map(|key| kept(&region, key)).collect()
    }

    async fn first_region(&self) -> Result<Region> {
        let regions = self.api.regions().await?;
        let home = self.api.home().await?;
        match regions.contains(&home) {
            true => Ok(home),
            false => regions.into_iter().next().ok_or_else(|| nonsense("no region")),
        }
    }

    async fn keep_key(&self, name: &Name, key: &SshPublicKey) -> Result<SshKey> {
        if !fits_pair(key) {
            return Err(Error::invalid("key", "must be an RSA or an ED25519 key: EC2 keeps no others"));
        }
        let taken = || Error::new(ErrorKind::AlreadyExists, format!("the name {name} is taken by another key"));
        for found in self.kept_keys().await? {
            if found.key == *key {
                return Ok(found);
            }
            if found.name == name.as_str() {
                return Err(taken());
            }
        }
        let region = self.first_region().await?;
        let tags = tags::of_shared(&self.owner, name.as_str(), tags::KEPT);
        let tags = tags::specification(ResourceType::KeyPair, &tags);
        let unique = tags::key_name(&self.owner, tags::KEPT, key);
        match self.api.create_key(&region, &unique, &key.to_openssh(), &tags).await {
            Ok(id) => {
                // Another key may have got the name, and lists not have shown it: the older stays.
                self.clock.sleep(READ_LAG).await;
                let filters = [
                    tagged(ownership::OWNER, self.owner.as_str()),
                    tagged(ownership::NAME, name.as_str()),
                    tagged(tags::USE, tags::KEPT),
                ];
                let named = self.api.all_keys(&region, &filters).await?;
                let oldest = named.iter().min_by_key(|pair| age(pair)).and_then(|pair| pair.key_pair_id.as_ref());
                if oldest.is_some_and(|oldest| *oldest != id) {
                    self.api.delete_key(&region, &id).await?;
                    return Err(taken());
                }
                let id = SshKeyId::new(format!("{region}/{id}"));
                Ok(SshKey { id, name: name.to_string(), owner: Some(self.owner.clone()), key: key.clone() })
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                // Somebody keeps it at this very moment, or the answer to this call's own first attempt was lost.
                for _ in 0..=READ_LAG.as_secs() {
                    if let Some(found) = self.api.all_keys(&region, &[filter("key-name", [&unique])]).await?.first() {
                        return kept(&region, found);
                    }
                    self.clock.sleep(LAG_PAUSE).await;
                }
                Err(error.with_kind(ErrorKind::Conflict))
            }
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl SshKeys for Aws {
    async fn create_ssh_key(&self, name: &Name, key: &SshPublicKey) -> Result<SshKey> {
        named("create_ssh_key", self.0.keep_key(name, key).await)
    }

    async fn list_ssh_keys(&self) -> Result<Vec<SshKey>> {
        named("list_ssh_keys", self.0.kept_keys().await)
    }

    async fn delete_ssh_key(&self, id: &SshKeyId) -> Result<()> {
        let Ok(place) = Place::read(KEY, id.as_str()) else { return Ok(()) };
        named("delete_ssh_key", self.0.api.delete_key(&place.region, &place.id).await)
    }
}

/// The key of the pair that a host is launched with; the others go with its user data.
pub(crate) fn of_pair(keys: &[SshPublicKey]) -> Option<&SshPublicKey> {
    keys.iter().find(|key| fits_pair(key))
}

/// Key pairs are RSA or ED25519
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ImportKeyPair.html>).
pub(crate) fn fits_pair(key: &SshPublicKey) -> bool {
    let line = key.to_openssh();
    line.starts_with("ssh-rsa ") || line.starts_with("ssh-ed25519 ")
}

/// Whether the name of a key pair is one that this owner's creates give.
pub(crate) fn is_for_hosts(owner: &Owner, name: &str) -> bool {
    let fingerprint = name.strip_prefix(&format!("cloud-{owner}-{}-", tags::FOR_HOSTS));
    fingerprint.is_some_and(|digits| digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// By what the older of two is told.
fn age(pair: &KeyPairInfo) -> (Option<Timestamp>, Option<String>) {
    (pair.create_time.as_ref().and_then(convert::timestamp), pair.key_pair_id.clone())
}

fn kept(region: &Region, key: &KeyPairInfo) -> Result<SshKey> {
    let resource = convert::key_resource(region, key)?;
    let labels = tags::read(key.tags.as_deref());
    let line = key.public_key.as_deref().ok_or_else(|| nonsense("a key pair without its public key"))?;
    Ok(SshKey {
        id: SshKeyId::new(resource.id),
        name: labels.get(ownership::NAME).cloned().unwrap_or(resource.name),
        owner: ownership::owner_of(&labels),
        key: line.parse().map_err(|_| nonsense("a public key"))?,
    })
}
