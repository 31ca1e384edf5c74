//! Snapshots (<https://cloud.google.com/compute/docs/reference/rest/v1/snapshots>).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Snapshot {
    pub(crate) name: String,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) disk_size_gb: Option<String>,
    pub(crate) storage_bytes: Option<String>,
    pub(crate) creation_timestamp: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateSnapshot<'a> {
    pub(crate) name: &'a str,
    pub(crate) source_disk: &'a str,
    pub(crate) labels: &'a BTreeMap<String, String>,
}
