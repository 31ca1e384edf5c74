//! One function an API call: wire in, wire out. No word of ours, no decision.

use std::sync::Arc;

use cloud_http::{Transport, segment};
use cloud_types::{ProviderId, Result};
use secrecy::SecretString;
use url::Url;

use crate::auth::bearer;
use crate::error::Errors;
use crate::wire::{Machine, OneMachine};

/// The provider's id.
pub(crate) static ID: ProviderId = ProviderId::new("{{name}}");

/// The API.
#[derive(Debug, Clone)]
pub(crate) struct Client(cloud_http::Client);

impl Client {
    pub(crate) fn new(endpoint: Url, token: SecretString, transport: Option<Arc<dyn Transport>>) -> Result<Self> {
        let mut builder = cloud_http::Client::builder(ID.clone(), endpoint).authorize(bearer(token)).errors(Errors);
        if let Some(transport) = transport {
            builder = builder.transport(transport);
        }
        builder.build().map(Self)
    }

    pub(crate) async fn get_machine(&self, id: &str) -> Result<Machine> {
        let path = format!("machines/{}", segment(id));
        self.0.get("get_host", path).send::<OneMachine>().await.map(|answer| answer.machine)
    }
}
