//! Reserved addresses (<https://cloud.google.com/compute/docs/reference/rest/v1/addresses>). Labels cannot be given when one
//! is made, so that its description says whose it is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Address {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    /// Empty while it is being reserved.
    #[serde(default)]
    pub(crate) address: String,
    #[serde(default)]
    pub(crate) region: String,
    pub(crate) network_tier: Option<String>,
    /// The addresses of what uses it.
    #[serde(default)]
    pub(crate) users: Vec<String>,
    pub(crate) creation_timestamp: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateAddress<'a> {
    pub(crate) name: &'a str,
    pub(crate) description: &'a str,
    pub(crate) address_type: &'static str,
}
