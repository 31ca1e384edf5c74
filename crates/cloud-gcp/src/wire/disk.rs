//! Disks (<https://cloud.google.com/compute/docs/reference/rest/v1/disks>).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Disk {
    #[serde(default)]
    pub(crate) self_link: String,
    pub(crate) name: String,
    pub(crate) zone: String,
    pub(crate) size_gb: String,
    #[serde(default)]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) r#type: String,
    /// The addresses of the instances that it is attached to.
    #[serde(default)]
    pub(crate) users: Vec<String>,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) label_fingerprint: String,
    pub(crate) creation_timestamp: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateDisk<'a> {
    pub(crate) name: &'a str,
    pub(crate) size_gb: String,
    pub(crate) r#type: String,
    pub(crate) labels: &'a BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResizeDisk {
    pub(crate) size_gb: String,
}

/// Replaces all labels; refused where the fingerprint is not of those that are there.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetLabels<'a> {
    pub(crate) labels: &'a BTreeMap<String, String>,
    pub(crate) label_fingerprint: &'a str,
}
