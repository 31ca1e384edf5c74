//! The labels of this crate besides those of [`cloud_types::ownership`], and the names that go with them.

use std::collections::BTreeMap;

use cloud_types::{CreateToken, DataDisk, HostSpec, Name, OnDelete, Owner, ownership};
use sha2::{Digest, Sha256};

use crate::convert::Place;

/// What a disk was made for: [`DATA_DISK`] or [`BOOT_DISK`].
pub(crate) const USE: &str = "cloud-use";
/// A disk that a create made as a host's data disk.
pub(crate) const DATA_DISK: &str = "data-disk";
/// The disk that a host boots from.
pub(crate) const BOOT_DISK: &str = "boot-disk";
/// On a host: the tag of the firewall rules that it was made with.
pub(crate) const FIREWALL: &str = "cloud-firewall";
/// On a host: the name of the address that was reserved for it.
pub(crate) const ADDRESS: &str = "cloud-address";
/// On a host: the name by which its SSH keys log in.
pub(crate) const SSH_USER: &str = "cloud-ssh-user";
/// Whether a data disk outlives its host.
const KEEP: &str = "cloud-keep";
/// On a snapshot: the zone, name and number of its host.
const HOST_ZONE: &str = "cloud-host-zone";
const HOST_NAME: &str = "cloud-host-name";
const HOST_NUMBER: &str = "cloud-host-number";

/// All labels of a new host.
pub(crate) fn of_host(
    owner: &Owner,
    spec: &HostSpec,
    token: &CreateToken,
    firewall: Option<&str>,
    address: Option<String>,
    ssh_user: &str,
) -> BTreeMap<String, String> {
    let mut labels = ownership::host_labels(owner, spec, token);
    labels.insert(SSH_USER.to_owned(), ssh_user.to_owned());
    if let Some(name) = address {
        labels.insert(ADDRESS.to_owned(), name);
    }
    if let Some(tag) = firewall {
        labels.insert(FIREWALL.to_owned(), tag.to_owned());
    }
    labels
}

/// The labels of a host's data disk; their name is the host's.
pub(crate) fn of_data_disk(owner: &Owner, host: &str, disk: &DataDisk) -> BTreeMap<String, String> {
    let mut labels = ownership::resource_labels(owner, host);
    labels.insert(USE.to_owned(), DATA_DISK.to_owned());
    labels.insert(KEEP.to_owned(), (disk.on_delete == OnDelete::Keep).to_string());
    labels
}

/// The labels of a snapshot: whose it is, its name, and which host it is of.
pub(crate) fn of_snapshot(owner: &Owner, name: &Name, host: &Place, number: &str) -> BTreeMap<String, String> {
    let mut labels = ownership::resource_labels(owner, name.as_str());
    labels.insert(HOST_ZONE.to_owned(), host.zone.clone());
    labels.insert(HOST_NAME.to_owned(), host.name.clone());
    labels.insert(HOST_NUMBER.to_owned(), number.to_owned());
    labels
}

/// The zone, name and number of the host that a snapshot is of.
pub(crate) fn host_of_snapshot(labels: &BTreeMap<String, String>) -> Option<(&str, &str, &str)> {
    Some((labels.get(HOST_ZONE)?, labels.get(HOST_NAME)?, labels.get(HOST_NUMBER)?))
}

/// Whether a disk is a data disk that outlives its host.
pub(crate) fn is_kept(labels: &BTreeMap<String, String>) -> bool {
    labels.get(KEEP).is_some_and(|keep| keep == "true")
}

/// Whether a disk is some host's data disk.
pub(crate) fn is_data_disk(labels: &BTreeMap<String, String>) -> bool {
    labels.get(USE).is_some_and(|used| used == DATA_DISK)
}

/// Whether a disk is what a host boots from.
pub(crate) fn is_boot_disk(labels: &BTreeMap<String, String>) -> bool {
    labels.get(USE).is_some_and(|used| used == BOOT_DISK)
}

/// The tag of the firewall rules of these ports, which all of an owner's hosts that ask for them share.
pub(crate) fn firewall_tag(owner: &Owner, network: &str, rules: &str) -> String {
    format!("cloud-{}", digest(&[owner.as_str(), network, rules]))
}

/// The name of a host's data disk: at most 63 characters, and another for every owner and host.
pub(crate) fn data_disk_name(owner: &Owner, host: &str) -> String {
    format!("{}-data-{}", host[..host.len().min(40)].trim_end_matches('-'), digest(&[owner.as_str(), host]))
}

/// The name of a host's reserved address.
pub(crate) fn address_name(owner: &Owner, host: &str) -> String {
    format!("{}-ip-{}", host[..host.len().min(40)].trim_end_matches('-'), digest(&[owner.as_str(), host]))
}

/// The owner that a description names, of what has no labels.
pub(crate) fn owner_in(description: &str) -> Option<&str> {
    let mut words = description.split(' ');
    words.find_map(|word| word.strip_prefix(ownership::OWNER)?.strip_prefix('='))
}

/// The name of an owner's volume: names are unique in a zone, whoever owns them.
pub(crate) fn volume_name(owner: &Owner, name: &Name) -> String {
    let text = name.as_str();
    format!("{}-vol-{}", text[..text.len().min(40)].trim_end_matches('-'), digest(&[owner.as_str(), text]))
}

/// The name of an owner's snapshot: names are unique in a project, whoever owns them.
pub(crate) fn snapshot_name(owner: &Owner, name: &Name) -> String {
    let text = name.as_str();
    format!("{}-{}", text[..text.len().min(46)].trim_end_matches('-'), digest(&[owner.as_str(), text]))
}

/// Sixteen hexadecimal digits: enough that no two hosts or rules of an account meet.
pub(crate) fn digest(parts: &[&str]) -> String {
    let hash = Sha256::digest(parts.join("/").as_bytes());
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_whatever_the_host_is_called() {
        let owner = Owner::new("o".repeat(40)).unwrap();
        for name in ["a", "web-1", &format!("{}-{}", "a".repeat(39), "b".repeat(23))] {
            let name = Name::new(name).unwrap();
            for made in [
                data_disk_name(&owner, name.as_str()),
                address_name(&owner, name.as_str()),
                volume_name(&owner, &name),
                snapshot_name(&owner, &name),
            ] {
                assert!(Name::new(made.as_str()).is_ok(), "{made}");
            }
        }
    }

    #[test]
    fn owners_do_not_share_names() {
        let (one, two) = (Owner::new("one").unwrap(), Owner::new("two").unwrap());
        let name = Name::new("web").unwrap();
        assert_ne!(data_disk_name(&one, "web"), data_disk_name(&two, "web"));
        assert_ne!(address_name(&one, "web"), address_name(&two, "web"));
        assert_ne!(snapshot_name(&one, &name), snapshot_name(&two, &name));
        assert_ne!(firewall_tag(&one, "n", "22/tcp"), firewall_tag(&two, "n", "22/tcp"));
    }
}
