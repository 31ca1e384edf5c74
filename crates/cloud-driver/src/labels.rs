//! The labels that say what a thing besides a host was made for, and the names that go with them.
//!
//! The labels of a host itself are those of [`cloud_types::ownership`].

use std::collections::BTreeMap;

use cloud_types::{DataDisk, OnDelete, Owner, ownership};

/// Label: what a thing was made for, [`FOR_HOSTS`] or [`DATA_DISK`].
pub const USE: &str = "cloud-use";
/// A firewall or key that creates made for the hosts that need it.
pub const FOR_HOSTS: &str = "hosts";
/// A volume that a create made as a host's data disk.
pub const DATA_DISK: &str = "data-disk";
/// Label: whether a data disk outlives its host.
pub const KEEP: &str = "cloud-keep";

/// The labels of a firewall or key that hosts share.
#[must_use]
pub fn of_shared(owner: &Owner, name: &str) -> BTreeMap<String, String> {
    let mut labels = ownership::resource_labels(owner, name);
    labels.insert(USE.to_owned(), FOR_HOSTS.to_owned());
    labels
}

/// The labels of a host's data disk; their name is the host's.
#[must_use]
pub fn of_data_disk(owner: &Owner, host: &str, disk: &DataDisk) -> BTreeMap<String, String> {
    let mut labels = ownership::resource_labels(owner, host);
    labels.insert(USE.to_owned(), DATA_DISK.to_owned());
    labels.insert(KEEP.to_owned(), (disk.on_delete == OnDelete::Keep).to_string());
    labels
}

/// Whether a volume is a data disk that outlives its host.
#[must_use]
pub fn is_kept(labels: &BTreeMap<String, String>) -> bool {
    labels.get(KEEP).is_some_and(|keep| keep == "true")
}

/// Whether a thing was made for this use.
#[must_use]
pub fn is_for(labels: &BTreeMap<String, String>, what: &str) -> bool {
    labels.get(USE).is_some_and(|used| used == what)
}
