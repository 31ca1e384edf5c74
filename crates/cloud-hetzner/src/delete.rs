//! Deleting a host and all that its create made, so that it can be repeated from any point.
//!
//! The server goes first, since nothing else can go while it uses it. What remains is found again by its labels, even
//! when the server is gone and this process knows nothing: a delete of a host that is not there removes all of the
//! owner's firewalls, keys and data disks that no host uses.

use cloud_types::{Error, ErrorKind, HostId, Owner, Result, ownership};

use crate::client::selector;
use crate::companions::{Made, TRIES};
use crate::host::Inner;
use crate::wire::{Firewall, Server, SshKey, Volume};
use crate::{convert, labels};

pub(crate) async fn delete(inner: &Inner, id: &HostId) -> Result<()> {
    let Ok(number) = convert::number(id.as_str()) else { return Ok(()) };
    let server = match inner.reader.read_alone(number).await {
        Ok(server) => Some(server),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    // Also when it is not found: a server that is seconds old may be there and not shown yet.
    gone(inner.api.delete_server(number).await)?;
    inner.reader.forget(number);
    let rest = match server {
        Some(server) => remove_companions(inner, &server).await,
        None => remove_orphans(inner).await,
    };
    rest.map_err(|error| error.with_context("the host is deleted, but not all that belongs to it: repeat the call"))
}

/// Removes what the create of this server made, as far as no other host uses it.
async fn remove_companions(inner: &Inner, server: &Server) -> Result<()> {
    let Some(owner) = ownership::owner_of(&server.labels) else {
        return Ok(()); // not made by this library
    };
    let mut first_error = Ok(());
    for firewall in &server.public_net.firewalls {
        let removed = remove_firewall(inner, firewall.id, Some(server.id)).await;
        first_error = first_error.and(removed.map_err(|error| error.with_context("firewall")));
    }
    if server.labels.contains_key(labels::HAS_DATA_DISK) {
        let removed = remove_data_disk(inner, &owner, server).await;
        first_error = first_error.and(removed.map_err(|error| error.with_context("data disk")));
    }
    for label in server.labels.keys().filter(|label| label.starts_with(labels::KEY_PREFIX)) {
        let removed = remove_key_of_label(inner, label).await;
        first_error = first_error.and(removed.map_err(|error| error.with_context("SSH key")));
    }
    first_error
}

/// Removes all of this owner's firewalls, data disks and keys that no host uses. A data disk belongs to the host of its
/// name, whether it is attached or not.
async fn remove_orphans(inner: &Inner) -> Result<()> {
    let owner = inner.owner.as_str();
    let shared = selector(&[(ownership::OWNER, owner), (labels::USE, labels::FOR_HOSTS)]);
    for firewall in inner.api.all_firewalls(&shared).await? {
        remove_seen_firewall(inner, firewall, None).await?;
    }
    let disks = selector(&[(ownership::OWNER, owner), (labels::USE, labels::DATA_DISK)]);
    for disk in inner.api.all_volumes(&disks).await? {
        let host = disk.labels.get(ownership::NAME).map_or("", String::as_str);
        if !labels::is_kept(&disk.labels) && inner.holder_of(host).await?.is_none() {
            remove_volume(inner, disk, None).await?;
        }
    }
    for key in inner.api.all_ssh_keys(&selector(&[(labels::USE, labels::FOR_HOSTS)])).await? {
        remove_key(inner, &key).await?;
    }
    Ok(())
}

/// Removes what a create has made that ended without a host, as far as no other host uses it by now.
pub(crate) async fn remove_made(inner: &Inner, made: Made) -> Result<()> {
    for key in &made.keys {
        remove_key(inner, key).await?;
    }
    for firewall in made.firewalls {
        remove_firewall(inner, firewall, None).await?;
    }
    for volume in made.volumes {
        match inner.api.get_volume(volume).await {
            Ok(volume) => remove_volume(inner, volume, None).await?,
            Err(error) => gone(Err(error))?,
        }
    }
    Ok(())
}

async fn remove_firewall(inner: &Inner, id: u64, gone_server: Option<u64>) -> Result<()> {
    match inner.api.get_firewall(id).await {
        Ok(firewall) => remove_seen_firewall(inner, firewall, gone_server).await,
        Err(error) => gone(Err(error)),
    }
}

/// Removes a firewall of ours that no server uses. What Hetzner still counts as using it may be gone already.
async fn remove_seen_firewall(inner: &Inner, firewall: Firewall, gone_server: Option<u64>) -> Result<()> {
    if !labels::is_for(&firewall.labels, labels::FOR_HOSTS) {
        return Ok(());
    }
    let mut users: Vec<u64> = users_of(&firewall).filter(|id| Some(*id) != gone_server).collect();
    for attempt in 1.. {
        for id in users {
            if is_there(inner, id).await? {
                return Ok(());
            }
        }
        match gone(inner.api.delete_firewall(firewall.id).await) {
            Err(error) if error.kind() == ErrorKind::Conflict && attempt < TRIES => {}
            other => {
                inner.companions.forget();
                return other;
            }
        }
        inner.pause().await;
        users = match inner.api.get_firewall(firewall.id).await {
            Ok(firewall) => users_of(&firewall).filter(|id| Some(*id) != gone_server).collect(),
            Err(error) => return gone(Err(error)),
        };
    }
    Ok(())
}

fn users_of(firewall: &Firewall) -> impl Iterator<Item = u64> {
    firewall.applied_to.iter().filter_map(|to| to.server.as_ref()).map(|server| server.id)
}

async fn is_there(inner: &Inner, server: u64) -> Result<bool> {
    match inner.api.get_server(server).await {
        Ok(server) => Ok(server.status != "deleting"),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes the data disk of a deleted server, unless it was marked to be kept.
async fn remove_data_disk(inner: &Inner, owner: &Owner, server: &Server) -> Result<()> {
    match inner.api.find_volume(&labels::data_disk_name(owner, &server.name)).await? {
        Some(disk) if ownership::owner_of(&disk.labels).as_ref() == Some(owner) => {
            remove_volume(inner, disk, Some(server.id)).await
        }
        _ => Ok(()),
    }
}

/// Removes a volume that is not kept, unless it is attached to a server that is there.
async fn remove_volume(inner: &Inner, mut volume: Volume, gone_server: Option<u64>) -> Result<()> {
    if labels::is_kept(&volume.labels) {
        return Ok(());
    }
    for _ in 0..TRIES {
        if let Some(server) = volume.server
            && Some(server) != gone_server
            && is_there(inner, server).await?
        {
            return Ok(());
        }
        match gone(inner.api.try_delete_volume(volume.id).await) {
            // Detaching goes on for a moment after the server is gone.
            Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::InvalidRequest) => {}
            other => return other,
        }
        inner.pause().await;
        volume = match inner.api.get_volume(volume.id).await {
            Ok(volume) => volume,
            Err(error) => return gone(Err(error)),
        };
    }
    Err(Error::new(ErrorKind::Conflict, format!("volume {} is still attached", volume.name)))
}

async fn remove_key_of_label(inner: &Inner, label: &str) -> Result<()> {
    let name = labels::key_name_of(label);
    let wanted = selector(&[(labels::USE, labels::FOR_HOSTS), (ownership::NAME, &name)]);
    for key in inner.api.all_ssh_keys(&wanted).await? {
        remove_key(inner, &key).await?;
    }
    Ok(())
}

/// Removes a key that creates made, once no host of any owner was made with it. A create that is on its way with it is
/// refused and makes it anew.
async fn remove_key(inner: &Inner, key: &SshKey) -> Result<()> {
    let label = match labels::key_label(&key.name) {
        Some(label) if labels::is_for(&key.labels, labels::FOR_HOSTS) => label,
        _ => return Ok(()),
    };
    for user in inner.api.list_servers(None, &label, 1).await?.servers {
        // A list may still show a server that is gone.
        if is_there(inner, user.id).await? {
            return Ok(());
        }
    }
    inner.companions.forget();
    gone(inner.api.delete_ssh_key(key.id).await)
}

/// What is not there is deleted.
pub(crate) fn gone(result: Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
