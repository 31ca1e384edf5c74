//! The settings of a [`Hetzner`] value, from code or from the environment.

use std::time::Duration;

use cloud_driver::Settings;
use cloud_http::{Client, RateHeaders, RateLimiter};
use cloud_types::{Error, Owner, Result};
use secrecy::SecretString;
use url::Url;

use crate::client::Api;
use crate::{Hetzner, auth, error};

/// Settings of a [`Hetzner`] value. One value speaks for one owner in one project.
///
/// ```
/// # fn main() -> cloud_types::Result<()> {
/// let hetzner = cloud_hetzner::Config::new("a-token").owner(cloud_types::Owner::new("billing")?).build()?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    token: SecretString,
    endpoint: String,
    settings: Settings,
}

cloud_driver::settings!(Config);

impl Config {
    /// Settings for the real cloud and the owner `default`.
    pub fn new(token: impl Into<String>) -> Self {
        Self::with_token(SecretString::from(token.into()))
    }

    /// Settings from the environment: `HCLOUD_TOKEN`, and where they are set `HCLOUD_ENDPOINT` (another address of the
    /// API) and `CLOUD_OWNER`.
    ///
    /// # Errors
    /// `Unauthenticated` where there is no token; `InvalidRequest` on field `owner`.
    pub fn from_env() -> Result<Self> {
        let mut config = Self::with_token(auth::token_from_env()?);
        if let Ok(endpoint) = std::env::var("HCLOUD_ENDPOINT") {
            config.endpoint = endpoint;
        }
        if let Ok(owner) = std::env::var("CLOUD_OWNER") {
            config.settings.owner = Owner::new(owner)?;
        }
        Ok(config)
    }

    fn with_token(token: SecretString) -> Self {
        Self { token, endpoint: "https://api.hetzner.cloud/v1".to_owned(), settings: Settings::default() }
    }

    /// The address of the API, such as a simulator's.
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = url.into();
        self
    }

    /// Makes the provider. No call is made yet.
    ///
    /// # Errors
    /// `InvalidRequest` on fields `endpoint` and `token`; `Unauthenticated` for an empty token.
    pub fn build(self) -> Result<Hetzner> {
        let endpoint = Url::parse(&self.endpoint).map_err(|error| {
            Error::invalid("endpoint", format!("must be a URL ({error})")).with_provider(&crate::ID)
        })?;
        // 3,600 requests an hour a project, refilled continuously; the size is read from the headers.
        // Source: <https://docs.hetzner.cloud/reference/cloud#rate-limiting>.
        let limiter = RateLimiter::refilling(
            Duration::from_secs(3600),
            RateHeaders::new("ratelimit-limit", "ratelimit-remaining"),
        );
        let mut client = Client::builder(crate::ID, endpoint)
            .authorize(auth::bearer(&self.token).map_err(|error| error.with_provider(&crate::ID))?)
            .errors(error::Table)
            .limiter(limiter)
            .clock(self.settings.clock.clone())
            .deadline(self.settings.deadline)
            .user_agent(concat!("cloud-hetzner/", env!("CARGO_PKG_VERSION")));
        if let Some(seed) = self.settings.seed {
            client = client.seed(seed);
        }
        Ok(Hetzner::new(Api::new(client.build()?), self.settings))
    }
}

#[cfg(test)]
mod tests {
    use cloud_types::ErrorKind;

    use super::*;

    #[test]
    fn wrong_settings_are_refused_with_their_field() {
        let endpoint = Config::new("t").endpoint("not a url").build().unwrap_err();
        assert_eq!((endpoint.kind(), endpoint.field()), (ErrorKind::InvalidRequest, Some("endpoint")));
        assert_eq!(Config::new("two words").build().unwrap_err().field(), Some("token"));
        assert_eq!(Config::new("").build().unwrap_err().kind(), ErrorKind::Unauthenticated);
    }

    #[test]
    fn the_token_is_not_printed() {
        let config = Config::new("s3cret-token");
        assert!(!format!("{config:?} {:?}", config.clone().build()).contains("s3cret-token"));
    }
}
