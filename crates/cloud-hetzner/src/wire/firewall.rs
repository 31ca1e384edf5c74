//! Firewalls.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::page::paged;

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Firewall {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) created: jiff::Timestamp,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) applied_to: Vec<AppliedTo>,
}

/// What a firewall is applied to; a label selector has no server.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AppliedTo {
    pub(crate) server: Option<ServerId>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ServerId {
    pub(crate) id: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct FirewallResponse {
    pub(crate) firewall: Firewall,
}

paged!(FirewallList, firewalls, Firewall);

#[derive(Debug, Clone, Serialize)]
pub(crate) struct CreateFirewall<'a> {
    pub(crate) name: &'a str,
    pub(crate) labels: &'a BTreeMap<String, String>,
    pub(crate) rules: Vec<Rule>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Rule {
    pub(crate) direction: &'static str,
    pub(crate) protocol: String,
    pub(crate) port: String,
    pub(crate) source_ips: Vec<String>,
}
