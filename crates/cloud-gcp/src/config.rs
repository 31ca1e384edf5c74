//! The settings of a [`Gcp`] value, from code or from the environment.

use std::sync::Arc;

use cloud_driver::Settings;
use cloud_http::{Client, ClientBuilder, Transport};
use cloud_types::{Error, Owner, Result};
use url::Url;

use crate::auth::{Identity, Project, project_from_env};
use crate::client::Api;
use crate::network::{Network, PublicAddresses};
use crate::{Gcp, error};

/// Settings of a [`Gcp`] value. One value speaks for one owner in one project, in all regions.
///
/// ```
/// # fn main() -> cloud_types::Result<()> {
/// let gcp = cloud_gcp::Config::new().project("my-project").owner(cloud_types::Owner::new("billing")?).build()?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    identity: Identity,
    project: Option<String>,
    endpoint: String,
    billing_endpoint: String,
    network: Network,
    settings: Settings,
    transport: Option<Arc<dyn Transport>>,
}

cloud_driver::settings!(Config);

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Config {
    /// Settings for the real cloud with Application Default Credentials, the owner `default`, the network `default`, and
    /// the project that the metadata server names.
    #[must_use]
    pub fn new() -> Self {
        Self {
            identity: Identity::Default,
            project: None,
            endpoint: "https://compute.googleapis.com/compute/v1/".to_owned(),
            billing_endpoint: "https://cloudbilling.googleapis.com/".to_owned(),
            network: Network::default(),
            settings: Settings::default(),
            transport: None,
        }
    }

    /// Settings from the environment, by the names that Google's own tools use. Nothing has to be set where a metadata
    /// server answers.
    ///
    /// | Variable | What it sets |
    /// |---|---|
    /// | `GOOGLE_APPLICATION_CREDENTIALS` | a credentials file of any type; its project counts where no other is set |
    /// | `CLOUDSDK_AUTH_ACCESS_TOKEN` | an access token, used instead of all other credentials and never renewed |
    /// | `GOOGLE_CLOUD_PROJECT`, `GCLOUD_PROJECT`, `CLOUDSDK_CORE_PROJECT` | the project |
    /// | `CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE`, `…_CLOUDBILLING` | other addresses of the two APIs |
    /// | `CLOUD_GCP_NETWORK`, `CLOUD_GCP_SUBNETWORK` | see [`network`](Self::network), [`subnetwork`](Self::subnetwork) |
    /// | `CLOUD_GCP_ADDRESSES` | `reserved`: see [`reserved_addresses`](Self::reserved_addresses); `ephemeral` is the default |
    /// | `CLOUD_OWNER` | the owner |
    ///
    /// # Errors
    /// `InvalidRequest` on fields `owner` and `addresses`.
    pub fn from_env() -> Result<Self> {
        let mut config = Self { identity: Identity::from_env(), project: project_from_env(), ..Self::new() };
        let read = |variable: &str| std::env::var(variable).ok().filter(|value| !value.is_empty());
        config.endpoint = read("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE").unwrap_or(config.endpoint);
        config.billing_endpoint =
            read("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDBILLING").unwrap_or(config.billing_endpoint);
        config.network.network = read("CLOUD_GCP_NETWORK").unwrap_or(config.network.network);
        config.network.subnetwork = read("CLOUD_GCP_SUBNETWORK");
        if let Some(addresses) = read("CLOUD_GCP_ADDRESSES") {
            config.network.addresses = public_addresses(&addresses)?;
        }
        if let Some(owner) = read("CLOUD_OWNER") {
            config.settings.owner = Owner::new(owner)?;
        }
        Ok(config)
    }

    /// An access token instead of Application Default Credentials; it is not renewed.
    #[must_use]
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.identity = Identity::Token(token.into().into());
        self
    }

    /// The project in which hosts are made.
    #[must_use]
    pub fn project(mut self, id: impl Into<String>) -> Self {
        self.project = Some(id.into());
        self
    }

    /// The address of Compute Engine's API with its version, such as a simulator's.
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = url.into();
        self
    }

    /// The address of the price list's API, without a version.
    #[must_use]
    pub fn billing_endpoint(mut self, url: impl Into<String>) -> Self {
        self.billing_endpoint = url.into();
        self
    }

    /// The network that hosts and firewall rules are in, such as `global/networks/default`.
    #[must_use]
    pub fn network(mut self, network: impl Into<String>) -> Self {
        self.network.network = network.into();
        self
    }

    /// The subnetwork that hosts are in, such as `regions/europe-west1/subnetworks/apps`. Needed where the network has no
    /// subnetwork of its own in each region; all hosts are then in that one region.
    #[must_use]
    pub fn subnetwork(mut self, subnetwork: impl Into<String>) -> Self {
        self.network.subnetwork = Some(subnetwork.into());
        self
    }

    /// Reserves an address for each host that has a public IPv4 address. The host keeps it through stops, its delete gives it
    /// back, and it is billed while the host is stopped too. Without this a host has another address after each start.
    /// Making and releasing addresses are rights of their own: `compute.addresses.create`, `delete` and `use`
    /// (<https://cloud.google.com/compute/docs/ip-addresses/configure-static-external-ip-address>).
    #[must_use]
    pub fn reserved_addresses(mut self) -> Self {
        self.network.addresses = PublicAddresses::Reserved;
        self
    }

    /// Another way to send requests than the network, for tests.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Makes the provider. No call is made yet, and no credentials are looked for.
    ///
    /// # Errors
    /// `InvalidRequest` on fields `endpoint`, `billing_endpoint` and `project`.
    pub fn build(self) -> Result<Gcp> {
        let named = |error: Error| error.with_provider(&crate::ID);
        if self.project.as_ref().is_some_and(|project| !is_project(project)) {
            return Err(named(Error::invalid("project", "must be a project's id or number")));
        }
        let authorizer = self.identity.authorize();
        let compute = self.client("endpoint", &self.endpoint)?.authorize(authorizer.clone()).build()?;
        let billing = self.client("billing_endpoint", &self.billing_endpoint)?.authorize(authorizer).build()?;
        let project = Project::new(self.project, self.settings.clock.clone());
        Ok(Gcp::new(Api::new(compute, billing, project), self.network, self.settings))
    }

    fn client(&self, field: &'static str, url: &str) -> Result<ClientBuilder> {
        let url = Url::parse(url)
            .map_err(|error| Error::invalid(field, format!("must be a URL ({error})")).with_provider(&crate::ID))?;
        let mut builder = Client::builder(crate::ID, url)
            .errors(error::Table)
            .clock(self.settings.clock.clone())
            .deadline(self.settings.deadline)
            // A page of 500 instances, or of 5,000 prices, is some megabytes.
            .max_body(64 << 20)
            .user_agent(concat!("cloud-gcp/", env!("CARGO_PKG_VERSION")));
        if let Some(seed) = self.settings.seed {
            builder = builder.seed(seed);
        }
        if let Some(transport) = &self.transport {
            builder = builder.transport(transport.clone());
        }
        Ok(builder)
    }
}

/// The form of a project's id, its number, or an id within a domain.
fn is_project(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b':');
    (1..=128).contains(&text.len()) && text.bytes().all(inside)
}

fn public_addresses(text: &str) -> Result<PublicAddresses> {
    match text {
        "ephemeral" => Ok(PublicAddresses::Ephemeral),
        "reserved" => Ok(PublicAddresses::Reserved),
        other => Err(Error::invalid("addresses", format!("must be ephemeral or reserved, got {other}"))
            .with_provider(&crate::ID)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_that_is_none_is_refused_before_any_call() {
        for project in ["", "My Project", "a/b", "../x"] {
            let error = Config::new().project(project).build().unwrap_err();
            assert_eq!(error.field(), Some("project"));
        }
        assert!(Config::new().project("example.com:my-project-1").build().is_ok());
    }

    #[test]
    fn an_endpoint_that_is_none_is_refused_before_any_call() {
        assert_eq!(Config::new().endpoint("no url").build().unwrap_err().field(), Some("endpoint"));
        assert_eq!(Config::new().billing_endpoint("").build().unwrap_err().field(), Some("billing_endpoint"));
    }

    #[test]
    fn addresses_are_ephemeral_or_reserved() {
        assert_eq!(public_addresses("ephemeral").unwrap(), PublicAddresses::Ephemeral);
        assert_eq!(public_addresses("reserved").unwrap(), PublicAddresses::Reserved);
        assert_eq!(public_addresses("static").unwrap_err().field(), Some("addresses"));
    }

    #[test]
    fn the_token_is_not_printed() {
        let config = Config::new().access_token("s3cret");
        assert!(!format!("{config:?}").contains("s3cret"));
    }
}
