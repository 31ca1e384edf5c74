//! The tags of this crate besides those of [`cloud_types::ownership`], and the names that go with them.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
use cloud_types::{DataDisk, HostSpec, Name, OnDelete, Owner, SshPublicKey, ownership};
use sha2::{Digest, Sha256};

/// The name that AWS' console shows.
pub(crate) const NAME: &str = "Name";
/// What a disk was made for: [`DATA_DISK`] or [`BOOT_DISK`].
pub(crate) const USE: &str = "cloud-use";
/// A disk that a create made as a host's data disk.
pub(crate) const DATA_DISK: &str = "data-disk";
/// The disk that a host boots from.
pub(crate) const BOOT_DISK: &str = "boot-disk";
/// A key pair or security group that creates made for their hosts.
pub(crate) const FOR_HOSTS: &str = "hosts";
/// A key pair that a caller keeps.
pub(crate) const KEPT: &str = "kept";
/// On a host: a random word of the very call that made it.
pub(crate) const CALL: &str = "cloud-call";
/// On a host: the name by which its SSH keys log in.
pub(crate) const SSH_USER: &str = "cloud-ssh-user";
/// On a snapshot: the id of the host that it is of.
pub(crate) const HOST: &str = "cloud-host";
/// Whether a data disk outlives its host.
const KEEP: &str = "cloud-keep";

/// The tags of a resource as a map.
pub(crate) fn read(tags: Option<&[Tag]>) -> BTreeMap<String, String> {
    let pair = |tag: &Tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()));
    tags.unwrap_or_default().iter().filter_map(pair).collect()
}

/// Tags from a map, and the name that AWS' console shows.
pub(crate) fn write(labels: &BTreeMap<String, String>) -> Vec<Tag> {
    let shown = labels.get(ownership::NAME).map(|name| (NAME, name.as_str()));
    let own = labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    own.chain(shown).map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Tags for a call that makes something of this type.
pub(crate) fn specification(kind: ResourceType, labels: &BTreeMap<String, String>) -> TagSpecification {
    TagSpecification::builder().resource_type(kind).set_tags(Some(write(labels))).build()
}

/// The tags of a host's data disk; their name is the host's.
pub(crate) fn of_data_disk(owner: &Owner, host: &str, disk: &DataDisk) -> BTreeMap<String, String> {
    let mut labels = ownership::resource_labels(owner, host);
    labels.insert(USE.to_owned(), DATA_DISK.to_owned());
    labels.insert(KEEP.to_owned(), (disk.on_delete == OnDelete::Keep).to_string());
    labels
}

/// The tags of a host's disks, which a launch gives to all of them alike: where there is a data disk, those that it needs.
/// What tells the disk of the system from it is that it was made of a snapshot.
pub(crate) fn of_disks(owner: &Owner, spec: &HostSpec) -> BTreeMap<String, String> {
    if let Some(disk) = &spec.data_disk {
        return of_data_disk(owner, spec.name.as_str(), disk);
    }
    let mut labels = ownership::resource_labels(owner, spec.name.as_str());
    labels.insert(USE.to_owned(), BOOT_DISK.to_owned());
    labels
}

/// The tags of what hosts share, or a caller keeps.
pub(crate) fn of_shared(owner: &Owner, name: &str, used: &str) -> BTreeMap<String, String> {
    let mut labels = ownership::resource_labels(owner, name);
    labels.insert(USE.to_owned(), used.to_owned());
    labels
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

/// The name of the security group of these rules, which all of an owner's hosts that ask for them share.
pub(crate) fn group_name(owner: &Owner, network: &str, rules: &str) -> String {
    format!("cloud-{owner}-{}", digest(&[owner.as_str(), network, rules]))
}

/// The name of an owner's key pair: the whole fingerprint, so that no other key can have it. `used` is [`FOR_HOSTS`] or
/// [`KEPT`].
pub(crate) fn key_name(owner: &Owner, used: &str, key: &SshPublicKey) -> String {
    format!("cloud-{owner}-{used}-{}", key.fingerprint_hex())
}

/// The name of an owner's snapshot: names are unique in an account's region, whoever owns them. At most 128 characters, as
/// AWS has it; the digits tell owner `a-b` with `c` from owner `a` with `b-c`.
pub(crate) fn snapshot_name(owner: &Owner, name: &Name) -> String {
    format!("cloud-{owner}-{name}-{}", digest(&[owner.as_str(), name.as_str()]))
}

/// The token by which EC2 knows a launch again: the same for everybody who wishes for a host of this name in this zone, so
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
