//! One function an API call: wire in, wire out. No word of ours, no decision.

use cloud_http::{ClientBuilder, segment};
use cloud_types::Result;
use secrecy::SecretString;

use crate::auth::bearer;
use crate::error::Errors;
use crate::wire::{Machine, OneMachine};

/// The API. Clones share connections and the request budget.
#[derive(Debug, Clone)]
pub(crate) struct Api(cloud_http::Client);

impl Api {
    pub(crate) fn new(http: ClientBuilder, token: SecretString) -> Result<Self> {
        http.authorize(bearer(token)).errors(Errors).build().map(Self)
    }

    pub(crate) async fn get_machine(&self, id: &str) -> Result<Machine> {
        let path = format!("machines/{}", segment(id));
        self.0.get("get_host", path).send::<OneMachine>().await.map(|answer| answer.machine)
    }
}
