//! The labels of this crate besides those of [`cloud_types::ownership`] and [`cloud_driver::labels`], and the names that go
//! with them.

use cloud_driver::labels::USE;
use cloud_types::{Name, Owner, ownership};
use sha2::{Digest, Sha256};

use crate::place::Place;
use crate::seen::Labels;

/// The use of a disk that a host boots from.
const BOOT_DISK: &str = "boot-disk";
/// On a host: the tag of the firewall rules that it was made with.
pub(crate) const FIREWALL: &str = "cloud-firewall";
/// On a host: the name of the address that was reserved for it.
pub(crate) const ADDRESS: &str = "cloud-address";
/// On a host: the name by which its SSH keys log in.
pub(crate) const SSH_USER: &str = "cloud-ssh-user";
/// On a snapshot: the zone, name and number of its host.
const HOST_ZONE: &str = "cloud-host-zone";
const HOST_NAME: &str = "cloud-host-name";
const HOST_NUMBER: &str = "cloud-host-number";

/// The labels of a new host that say what else was made for it, and who logs in.
pub(crate) fn of_host(firewall: Option<String>, address: Option<String>, ssh_user: &str) -> Labels {
    let labels = [(SSH_USER, Some(ssh_user.to_owned())), (ADDRESS, address), (FIREWALL, firewall)];
    labels.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

/// The labels of the disk that a host boots from.
pub(crate) fn of_boot_disk(owner: &Owner, host: &str) -> Labels {
    let mut labels = ownership::resource_labels(owner, host);
    labels.insert(USE.to_owned(), BOOT_DISK.to_owned());
    labels
}

/// The labels of a snapshot: whose it is, its name, which host it is of, and who logs in on what it was taken of.
pub(crate) fn of_snapshot(owner: &Owner, name: &Name, host: &Place, ssh_user: Option<&String>) -> Labels {
    let mut labels = ownership::resource_labels(owner, name.as_str());
    labels.insert(HOST_ZONE.to_owned(), host.zone.clone());
    labels.insert(HOST_NAME.to_owned(), host.name.clone());
    labels.insert(HOST_NUMBER.to_owned(), host.number.clone().unwrap_or_default());
    labels.extend(ssh_user.map(|user| (SSH_USER.to_owned(), user.clone())));
    labels
}

/// The host that a snapshot is of.
pub(crate) fn host_of_snapshot(labels: &Labels) -> Option<Place> {
    let number = Some(labels.get(HOST_NUMBER)?.clone());
    Some(Place { number, ..Place::new(labels.get(HOST_ZONE)?, labels.get(HOST_NAME)?) })
}

/// Whether a disk is what a host boots from.
pub(crate) fn is_boot_disk(labels: &Labels) -> bool {
    cloud_driver::labels::is_for(labels, BOOT_DISK)
}

/// The tag of the firewall rules of these ports, which all of an owner's hosts that ask for them share.
pub(crate) fn firewall_tag(owner: &Owner, network: &str, rules: &str) -> String {
    format!("cloud-{}", digest(&[owner.as_str(), network, rules]))
}

/// The name of a host's data disk: at most 63 characters, and another for every owner and host.
pub(crate) fn data_disk_name(owner: &Owner, host: &str) -> String {
    name_of(owner, host, 40, "-data-")
}

/// The name of a host's reserved address.
pub(crate) fn address_name(owner: &Owner, host: &str) -> String {
    name_of(owner, host, 40, "-ip-")
}

/// The name of an owner's volume: names are unique in a zone, whoever owns them.
pub(crate) fn volume_name(owner: &Owner, name: &Name) -> String {
    name_of(owner, name.as_str(), 40, "-vol-")
}

/// The name of an owner's snapshot: names are unique in a project, whoever owns them.
pub(crate) fn snapshot_name(owner: &Owner, name: &Name) -> String {
    name_of(owner, name.as_str(), 46, "-")
}

/// At most so many characters of a name, and a digest of owner and name.
fn name_of(owner: &Owner, name: &str, most: usize, between: &str) -> String {
    format!("{}{between}{}", name[..name.len().min(most)].trim_end_matches('-'), digest(&[owner.as_str(), name]))
}

/// The owner that a description names, of what has no labels.
pub(crate) fn owner_in(description: &str) -> Option<&str> {
    let mut words = description.split(' ');
    words.find_map(|word| word.strip_prefix(ownership::OWNER)?.strip_prefix('='))
}

/// The description of an owner's things, of what has no labels.
pub(crate) fn description(owner: &Owner, rest: &str) -> String {
    format!("{}={owner} {rest}", ownership::OWNER)
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
