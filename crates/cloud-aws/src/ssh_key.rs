//! SSH keys that a caller keeps as EC2's key pairs, apart from those that creates make for their hosts. They are in the
//! provider's first region.

use async_trait::async_trait;
use cloud_driver::{gone, labels as driver_labels, nonsense};
use cloud_types::{Error, ErrorKind, Name, Region, Result, SshKey, SshKeyId, SshKeys, SshPublicKey, ownership};

use crate::client::{Filter, filter, tagged};
use crate::convert::{self, KEY, Place, Thing};
use crate::host::Aws;
use crate::labels;
use crate::parts::Parts;
use crate::reader::READ_LAG;

#[async_trait]
impl SshKeys for Aws {
    async fn create_ssh_key(&self, name: &Name, key: &SshPublicKey) -> Result<SshKey> {
        self.0.account.call("create_ssh_key", keep(&self.0, name, key)).await
    }

    async fn list_ssh_keys(&self) -> Result<Vec<SshKey>> {
        let list = async { kept(&self.0, &first_region(&self.0).await?).await };
        self.0.account.call("list_ssh_keys", list).await
    }

    async fn delete_ssh_key(&self, id: &SshKeyId) -> Result<()> {
        let Ok(place) = Place::read(KEY, id.as_str()) else { return Ok(()) };
        let delete = async { gone(self.0.api.delete_key(&place.region, &place.id).await) };
        self.0.account.call("delete_ssh_key", delete).await
    }
}

async fn keep(parts: &Parts, name: &Name, key: &SshPublicKey) -> Result<SshKey> {
    if !labels::fits_pair(key) {
        return Err(Error::invalid("key", "must be an RSA or an ED25519 key: EC2 keeps no others"));
    }
    let (owner, region) = (parts.account.owner(), first_region(parts).await?);
    let taken = || Error::new(ErrorKind::AlreadyExists, format!("the name {name} is taken by another key"));
    for found in kept(parts, &region).await? {
        if found.key == *key {
            return Ok(found);
        }
        if found.name == name.as_str() {
            return Err(taken());
        }
    }
    let unique = labels::key_name(owner, labels::KEPT, key);
    let body = convert::create_key(&unique, key, &labels::of_kept_key(owner, name.as_str()));
    match parts.api.create_key(&region, &body).await {
        Ok(id) => {
            // Another key may have got the name, and lists not have shown it: the older stays.
            parts.account.clock().sleep(READ_LAG).await;
            let [owned, used] = kept_by(parts);
            let named = [owned, tagged(ownership::NAME, name.as_str()), used];
            let oldest = parts.dependents.keys(&region, &named).await?.into_iter().min_by_key(age);
            if oldest.is_some_and(|oldest| oldest.place.id != id) {
                gone(parts.api.delete_key(&region, &id).await)?;
                return Err(taken());
            }
            let id = SshKeyId::new(format!("{region}/{id}"));
            Ok(SshKey { id, name: name.to_string(), owner: Some(owner.clone()), key: key.clone() })
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // Somebody keeps it at this very moment, or the answer to this call's own first attempt was lost.
            let named = &[filter("key-name", [&unique])];
            let mut patience = parts.account.patience(READ_LAG);
            loop {
                if let Some(found) = parts.dependents.keys(&region, named).await?.into_iter().next() {
                    return found.ssh_key();
                }
                patience.wait(error.clone().with_kind(ErrorKind::Conflict)).await?;
            }
        }
        Err(error) => Err(error),
    }
}

/// The keys that this owner keeps.
async fn kept(parts: &Parts, region: &Region) -> Result<Vec<SshKey>> {
    parts.dependents.keys(region, &kept_by(parts)).await?.into_iter().map(Thing::ssh_key).collect()
}

fn kept_by(parts: &Parts) -> [Filter; 2] {
    [tagged(ownership::OWNER, parts.account.owner().as_str()), tagged(driver_labels::USE, labels::KEPT)]
}

async fn first_region(parts: &Parts) -> Result<Region> {
    let regions = parts.api.regions().await?;
    let home = parts.api.home().await?;
    match regions.contains(&home) {
        true => Ok(home),
        false => regions.into_iter().next().ok_or_else(|| nonsense("no region")),
    }
}

/// Sort key: the older of two comes first.
fn age(pair: &Thing) -> (Option<jiff::Timestamp>, String) {
    (pair.created, pair.place.id.clone())
}
