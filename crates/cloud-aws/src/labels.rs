//! The tags of this crate besides those of [`cloud_types::ownership`] and [`cloud_driver::labels`], and the names that go
//! with them.

use std::collections::BTreeMap;

use cloud_driver::labels::{DATA_DISK, USE, is_for, of_data_disk};
use cloud_types::{HostSpec, Name, Owner, SshPublicKey, ownership};
use sha2::{Digest, Sha256};

/// The name that AWS' console shows.
pub(crate) const NAME: &str = "Name";
/// The disk that a host boots from, beside [`DATA_DISK`].
pub(crate) const BOOT_DISK: &str = "boot-disk";
/// A key pair that a caller keeps, beside [`FOR_HOSTS`](cloud_driver::labels::FOR_HOSTS).
pub(crate) const KEPT: &str = "kept";
/// On a host: the name by which its SSH keys log in.
pub(crate) const SSH_USER: &str = "cloud-ssh-user";
/// On a snapshot: the id of the host that it is of.
pub(crate) const HOST: &str = "cloud-host";

/// The tags of a host's disks, which a launch gives to all of them alike: where there is a data disk, those that it needs.
/// What tells the disk of the system from it is that it was made of a snapshot.
pub(crate) fn of_disks(owner: &Owner, spec: &HostSpec) -> BTreeMap<String, String> {
    match &spec.data_disk {
        Some(disk) => of_data_disk(owner, spec.name.as_str(), disk),
        None => with_use(ownership::resource_labels(owner, spec.name.as_str()), BOOT_DISK),
    }
}

/// The tags of a key that a caller keeps.
pub(crate) fn of_kept_key(owner: &Owner, name: &str) -> BTreeMap<String, String> {
    with_use(ownership::resource_labels(owner, name), KEPT)
}

fn with_use(mut labels: BTreeMap<String, String>, used: &str) -> BTreeMap<String, String> {
    labels.insert(USE.to_owned(), used.to_owned());
    labels
}

/// Whether a disk is some host's data disk.
pub(crate) fn is_data_disk(labels: &BTreeMap<String, String>) -> bool {
    is_for(labels, DATA_DISK)
}

/// The name of the security group of these rules, which all of an owner's hosts that ask for them share.
pub(crate) fn group_name(owner: &Owner, network: &str, rules: &str) -> String {
    format!("cloud-{owner}-{}", digest(&[owner.as_str(), network, rules]))
}

/// The name of an owner's key pair: the whole fingerprint, so that no other key can have it. `used` is
/// [`FOR_HOSTS`](cloud_driver::labels::FOR_HOSTS) or [`KEPT`].
pub(crate) fn key_name(owner: &Owner, used: &str, key: &SshPublicKey) -> String {
    format!("cloud-{owner}-{used}-{}", key.fingerprint_hex())
}

/// Whether the name of a key pair is one that this owner's creates give.
pub(crate) fn is_key_for_hosts(owner: &Owner, name: &str) -> bool {
    let fingerprint = name.strip_prefix(&format!("cloud-{owner}-{}-", cloud_driver::labels::FOR_HOSTS));
    fingerprint.is_some_and(|digits| digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// The key of the pair that a host is launched with; the others go with its user data.
pub(crate) fn key_of_pair(keys: &[SshPublicKey]) -> Option<&SshPublicKey> {
    keys.iter().find(|key| fits_pair(key))
}

/// Key pairs are RSA or ED25519
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ImportKeyPair.html>).
pub(crate) fn fits_pair(key: &SshPublicKey) -> bool {
    let line = key.to_openssh();
    line.starts_with("ssh-rsa ") || line.starts_with("ssh-ed25519 ")
}

/// The name of an owner's snapshot: names are unique in an account's region, whoever owns them. At most 128 characters, as
/// AWS has it; the digits tell owner `a-b` with `c` from owner `a` with `b-c`.
pub(crate) fn snapshot_name(owner: &Owner, name: &Name) -> String {
    format!("cloud-{owner}-{name}-{}", digest(&[owner.as_str(), name.as_str()]))
}

/// The token by which EC2 knows a launch again: the same for everybody who asks for a host of this name in this zone, so
/// that of two that race EC2 itself makes one. `incarnation` tells it from an earlier host of the name.
pub(crate) fn client_token(owner: &Owner, spec: &HostSpec, zone: &str, incarnation: &str) -> String {
    let parts = [owner.as_str(), spec.name.as_str(), zone, incarnation];
    format!("cloud-{}", &hexadecimal(&parts)[..48])
}

/// Sixteen hexadecimal digits: enough that no two hosts or rules of an account meet.
pub(crate) fn digest(parts: &[&str]) -> String {
    hexadecimal(parts)[..16].to_owned()
}

fn hexadecimal(parts: &[&str]) -> String {
    Sha256::digest(parts.join("/").as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
