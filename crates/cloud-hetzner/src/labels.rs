//! The labels of this crate besides those of [`cloud_types::ownership`], and the names that go with them.
//!
//! A create makes up to three things besides the host: a data disk, a firewall and SSH keys. Firewalls and keys are
//! shared by the hosts that ask for the same; a host's labels say which keys it was made with, so that a delete can tell
//! whether anyone still uses them.

use std::collections::BTreeMap;

use cloud_types::{DataDisk, HostSpec, InboundPort, OnDelete, Owner, SshPublicKey, ownership};
use sha2::{Digest, Sha256};

/// What a thing was made for: [`FOR_HOSTS`] or [`DATA_DISK`].
pub(crate) const USE: &str = "cloud-use";
/// A firewall or key that creates made for the hosts that need it.
pub(crate) const FOR_HOSTS: &str = "hosts";
/// A volume that a create made as a host's data disk.
pub(crate) const DATA_DISK: &str = "data-disk";
/// On a host: it was made with a data disk.
pub(crate) const HAS_DATA_DISK: &str = "cloud-data-disk";
/// Whether a data disk outlives its host.
const KEEP: &str = "cloud-keep";
/// On a host, with the first digits of a key's fingerprint behind it: the host was made with that key.
pub(crate) const KEY_PREFIX: &str = "cloud-key-";

/// All labels of a new server.
pub(crate) fn of_host(owner: &Owner, spec: &HostSpec, token: &cloud_types::CreateToken) -> BTreeMap<String, String> {
    let mut labels = ownership::host_labels(owner, spec, token);
    if spec.data_disk.is_some() {
        labels.insert(HAS_DATA_DISK.to_owned(), String::new());
    }
    for key in &spec.ssh_keys {
        labels.insert(format!("{KEY_PREFIX}{}", short(&key.fingerprint_hex())), String::new());
    }
    labels
}

/// The labels of a firewall or key that hosts share.
pub(crate) fn of_shared(owner: &Owner, name: &str) -> BTreeMap<String, String> {
    let mut labels = ownership::resource_labels(owner, name);
    labels.insert(USE.to_owned(), FOR_HOSTS.to_owned());
    labels
}

/// The labels of a host's data disk; their name is the host's.
pub(crate) fn of_data_disk(owner: &Owner, host: &str, disk: &DataDisk) -> BTreeMap<String, String> {
    let mut labels = ownership::resource_labels(owner, host);
    labels.insert(USE.to_owned(), DATA_DISK.to_owned());
    labels.insert(KEEP.to_owned(), (disk.on_delete == OnDelete::Keep).to_string());
    labels
}

/// Whether a volume is a data disk that outlives its host.
pub(crate) fn is_kept(labels: &BTreeMap<String, String>) -> bool {
    labels.get(KEEP).is_some_and(|keep| keep == "true")
}

/// Whether a thing was made for this use.
pub(crate) fn is_for(labels: &BTreeMap<String, String>, what: &str) -> bool {
    labels.get(USE).is_some_and(|used| used == what)
}

/// The name of a key that hosts share: the same for every owner, since a key is unique in a project.
pub(crate) fn key_name(key: &SshPublicKey) -> String {
    format!("cloud-{}", short(&key.fingerprint_hex()))
}

/// The label that hosts made with the key of this name bear.
pub(crate) fn key_label(key_name: &str) -> Option<String> {
    key_name.strip_prefix("cloud-").map(|digits| format!("{KEY_PREFIX}{digits}"))
}

/// The name of the key that a host with this label was made with.
pub(crate) fn key_name_of(key_label: &str) -> String {
    format!("cloud-{}", key_label.strip_prefix(KEY_PREFIX).unwrap_or(key_label))
}

/// The name of the firewall of these rules, which all of an owner's hosts that ask for them share.
pub(crate) fn firewall_name(owner: &Owner, rules: &str) -> String {
    format!("cloud-{owner}-{}", short(&digest(&[rules])))
}

/// The name of a host's data disk: at most 64 characters, and another for every owner and host.
pub(crate) fn data_disk_name(owner: &Owner, host: &str) -> String {
    format!("{:.40}-data-{}", host, short(&digest(&[owner.as_str(), host])))
}

/// A port and its sources as text that stays the same over releases.
pub(crate) fn port_text(port: &InboundPort) -> String {
    let sources: Vec<String> = port.sources().iter().map(ToString::to_string).collect();
    format!("{port} from [{}]", sources.join(" "))
}

fn digest(parts: &[&str]) -> String {
    let hash = Sha256::digest(parts.join("/").as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sixteen hexadecimal digits: enough that no two keys, rules or hosts of an account meet.
fn short(digits: &str) -> &str {
    &digits[..16]
}
