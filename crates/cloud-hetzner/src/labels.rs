//! The labels of this crate besides those of [`cloud_types::ownership`] and [`cloud_driver::labels`], and the names that go
//! with them.
//!
//! A create makes up to three things besides the host: a data disk, a firewall and SSH keys. Firewalls and keys are
//! shared by the hosts that ask for the same; a host's labels say which keys it was made with, so that a delete can tell
//! whether anyone still uses them.

use std::collections::BTreeMap;

use cloud_types::{HostSpec, Inbound, InboundPort, Owner, SshPublicKey};
use sha2::{Digest, Sha256};

/// On a host: it was made with a data disk.
pub(crate) const HAS_DATA_DISK: &str = "cloud-data-disk";
/// On a host, with the first digits of a key's fingerprint behind it: the host was made with that key.
pub(crate) const KEY_PREFIX: &str = "cloud-key-";

/// The labels of a new server that say what else was made for it.
pub(crate) fn of_host(spec: &HostSpec) -> BTreeMap<String, String> {
    let keys = spec.ssh_keys.iter().map(|key| format!("{KEY_PREFIX}{}", short(&key.fingerprint_hex())));
    let disk = spec.data_disk.map(|_| HAS_DATA_DISK.to_owned());
    keys.chain(disk).map(|label| (label, String::new())).collect()
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

/// The name of the firewall of these ports, which all of an owner's hosts that ask for them share; none where a host asks
/// for none.
pub(crate) fn firewall_name(owner: &Owner, inbound: &Inbound) -> Option<String> {
    let Inbound::Only(ports) = inbound else { return None };
    let mut ports = ports.clone();
    ports.sort_unstable();
    let rules: Vec<String> = ports.iter().map(port_text).collect();
    Some(format!("cloud-{owner}-{}", short(&digest(&[&rules.join(",")]))))
}

/// The name of a host's data disk: at most 64 characters, and another for every owner and host.
pub(crate) fn data_disk_name(owner: &Owner, host: &str) -> String {
    format!("{:.40}-data-{}", host, short(&digest(&[owner.as_str(), host])))
}

/// A port and its sources as text that stays the same over releases.
fn port_text(port: &InboundPort) -> String {
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
