//! How {{Type}} is reached and for whom; the only file besides `auth` that reads the environment.

use std::sync::Arc;

use cloud_driver::Settings;
use cloud_http::{ClientBuilder, Transport};
use cloud_types::{Error, Owner, Result};
use secrecy::SecretString;
use url::Url;

use crate::{{Type}};
use crate::auth::token_from_env;
use crate::client::Api;

/// The settings of a [`{{Type}}`].
#[derive(Debug, Clone)]
pub struct Config {
    token: SecretString,
    endpoint: Url,
    settings: Settings,
    transport: Option<Arc<dyn Transport>>,
}

cloud_driver::settings!(Config);

impl Config {
    /// The public API with this token, for the default owner.
    #[must_use]
    pub fn new(token: impl Into<SecretString>) -> Self {
        let endpoint = ENDPOINT.parse().expect("a constant URL");
        Self {
            token: token.into(),
            endpoint,
            settings: Settings::default(),
            transport: None,
        }
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
            config.settings.owner = Owner::new(owner)?;
        }
        Ok(config)
    }

    /// Another address of the API, such as a simulator's.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Url) -> Self {
        self.endpoint = endpoint;
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
        let client = Api::new(self.http(), self.token.clone())?;
        Ok({{Type}}::new(&client, self.settings))
    }

    fn http(&self) -> ClientBuilder {
        let builder = cloud_http::Client::builder(crate::ID, self.endpoint.clone());
        let mut builder = builder.clock(self.settings.clock.clone()).deadline(self.settings.deadline);
        if let Some(seed) = self.settings.seed {
            builder = builder.seed(seed);
        }
        if let Some(transport) = &self.transport {
            builder = builder.transport(transport.clone());
        }
        builder
    }
}

/// Where the public API is.
const ENDPOINT: &str = "https://api.example.com/v1/";
