//! How {{Type}} is reached and for whom; the only file besides `auth` that reads the environment.

use std::sync::Arc;

use cloud_http::Transport;
use cloud_types::{Error, Owner, Result};
use secrecy::SecretString;
use url::Url;

use crate::{{Type}};
use crate::auth::token_from_env;
use crate::client::Client;

/// The settings of a [`{{Type}}`].
#[derive(Debug, Clone)]
pub struct Config {
    token: SecretString,
    endpoint: Url,
    owner: Owner,
    transport: Option<Arc<dyn Transport>>,
}

impl Config {
    /// The public API with this token, for the default owner.
    #[must_use]
    pub fn new(token: impl Into<SecretString>) -> Self {
        let endpoint = ENDPOINT.parse().expect("a constant URL");
        Self { token: token.into(), endpoint, owner: Owner::default(), transport: None }
    }

    /// Reads `{{ENV}}_TOKEN`, and where they are set `{{ENV}}_ENDPOINT` and `CLOUD_OWNER`.
    ///
    /// # Errors
    /// `Unauthenticated` without a token; `InvalidRequest` on field `endpoint` or `owner` for a wrong value.
    pub fn from_env() -> Result<Self> {
        let mut config = Self::new(token_from_env()?);
        if let Ok(endpoint) = std::env::var("{{ENV}}_ENDPOINT") {
            config.endpoint = endpoint.parse().map_err(|_| Error::invalid("endpoint", "must be a URL"))?;
        }
        if let Ok(owner) = std::env::var("CLOUD_OWNER") {
            config.owner = Owner::new(owner)?;
        }
        Ok(config)
    }

    /// Another address of the API, such as a simulator's.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Url) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// Whose hosts are created, listed and deleted.
    #[must_use]
    pub fn owner(mut self, owner: Owner) -> Self {
        self.owner = owner;
        self
    }

    /// Another way to send requests than the network, for tests.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Makes the provider; nothing is sent.
    ///
    /// # Errors
    /// `InvalidRequest` on field `endpoint` for a URL that is not of HTTP.
    pub fn build(self) -> Result<{{Type}}> {
        let client = Client::new(self.endpoint, self.token, self.transport)?;
        Ok({{Type}}::new(client, self.owner))
    }
}

/// Where the public API is.
const ENDPOINT: &str = "https://api.example.com/v1/";
