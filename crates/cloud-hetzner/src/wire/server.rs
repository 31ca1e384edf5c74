//! Servers and what is asked of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::page::paged;
use super::{Action, Image};

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Server {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) created: Timestamp,
    pub(crate) public_net: PublicNet,
    #[serde(default)]
    pub(crate) private_net: Vec<PrivateNet>,
    pub(crate) server_type: ServerTypeRef,
    pub(crate) location: LocationRef,
    pub(crate) image: Option<ImageRef>,
    #[serde(default)]
    pub(crate) locked: bool,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PublicNet {
    pub(crate) ipv4: Option<PublicIp>,
    pub(crate) ipv6: Option<PublicIp>,
    #[serde(default)]
    pub(crate) firewalls: Vec<AppliedFirewall>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PublicIp {
    pub(crate) ip: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AppliedFirewall {
    pub(crate) id: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PrivateNet {
    pub(crate) ip: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ServerTypeRef {
    pub(crate) name: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LocationRef {
    pub(crate) name: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ImageRef {
    pub(crate) id: u64,
    pub(crate) name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ServerResponse {
    pub(crate) server: Server,
}

paged!(ServerList, servers, Server);

/// `POST /servers`. Holds user data: neither printed nor kept.
#[derive(Clone, Serialize)]
pub(crate) struct CreateServer<'a> {
    pub(crate) name: &'a str,
    pub(crate) location: &'a str,
    pub(crate) server_type: &'a str,
    pub(crate) image: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ssh_keys: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) volumes: Vec<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) firewalls: Vec<FirewallRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_data: Option<&'a str>,
    pub(crate) labels: &'a BTreeMap<String, String>,
    pub(crate) public_net: PublicNetRequest,
    pub(crate) automount: bool,
    pub(crate) start_after_create: bool,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct FirewallRef {
    pub(crate) firewall: u64,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct PublicNetRequest {
    pub(crate) enable_ipv4: bool,
    pub(crate) enable_ipv6: bool,
}

/// The generated `root_password` is not read: nobody can then print it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CreateServerResponse {
    pub(crate) server: Server,
    pub(crate) action: Action,
    #[serde(default)]
    pub(crate) next_actions: Vec<Action>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct ChangeType<'a> {
    pub(crate) server_type: &'a str,
    pub(crate) upgrade_disk: bool,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct CreateImage<'a> {
    pub(crate) r#type: &'static str,
    pub(crate) description: &'a str,
    pub(crate) labels: &'a BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CreateImageResponse {
    pub(crate) image: Image,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ConsoleResponse {
    pub(crate) wss_url: SecretString,
    pub(crate) password: SecretString,
}
