//! SSH keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::page::paged;

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SshKey {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) public_key: String,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) created: jiff::Timestamp,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SshKeyResponse {
    pub(crate) ssh_key: SshKey,
}

paged!(SshKeyList, ssh_keys, SshKey);

#[derive(Debug, Clone, Serialize)]
pub(crate) struct UpdateSshKey<'a> {
    pub(crate) name: &'a str,
    pub(crate) labels: &'a BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct CreateSshKey<'a> {
    pub(crate) name: &'a str,
    pub(crate) public_key: &'a str,
    pub(crate) labels: &'a BTreeMap<String, String>,
}
