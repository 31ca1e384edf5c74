//! The settings of an [`Aws`] value, from code or from the environment.

use std::sync::Arc;

use cloud_driver::Settings;
use cloud_http::{Transport, network};
use cloud_types::{Error, Owner, Region, Result};
use secrecy::SecretString;
use url::Url;

use crate::Aws;
use crate::auth::Identity;
use crate::client::{Api, Way};

/// Settings of an [`Aws`] value. One value speaks for one owner in one account, in all regions.
///
/// ```
/// # fn main() -> cloud_types::Result<()> {
/// let aws = cloud_aws::Config::new().owner(cloud_types::Owner::new("billing")?).build()?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    identity: Identity,
    endpoint: Option<String>,
    /// EC2's address, where it has another than the other services.
    ec2_endpoint: Option<String>,
    regions: Vec<Region>,
    subnet: Option<String>,
    ipv6: bool,
    transport: Option<Arc<dyn Transport>>,
    settings: Settings,
}

cloud_driver::settings!(Config);

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Config {
    /// Settings for the real cloud with the credentials that AWS' own tools would use, the owner `default`, all regions
    /// that the account has enabled, and each region's default network.
    #[must_use]
    pub fn new() -> Self {
        Self {
            identity: Identity::Default,
            endpoint: None,
            ec2_endpoint: None,
            regions: Vec::new(),
            subnet: None,
            ipv6: false,
            transport: None,
            settings: Settings::default(),
        }
    }

    /// Settings from the environment. Credentials, and the region whose list of regions is read, come from what AWS' own
    /// tools read: `AWS_ACCESS_KEY_ID`, `AWS_PROFILE`, `AWS_REGION` and the rest, looked for at the first call.
    ///
    /// | Variable | What it sets |
    /// |---|---|
    /// | `AWS_ENDPOINT_URL` | see [`endpoint`](Self::endpoint) |
    /// | `AWS_ENDPOINT_URL_EC2` | the same for EC2 alone, not for prices and image parameters |
    /// | `CLOUD_AWS_REGIONS` | see [`regions`](Self::regions), separated by commas |
    /// | `CLOUD_AWS_SUBNET` | see [`subnet`](Self::subnet) |
    /// | `CLOUD_OWNER` | the owner |
    ///
    /// # Errors
    /// `InvalidRequest` on fields `owner` and `region`.
    pub fn from_env() -> Result<Self> {
        Self::from_variables(|variable| std::env::var(variable).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let read = |name: &str| variable(name).filter(|value| !value.is_empty());
        let mut config = Self::new();
        config.endpoint = read("AWS_ENDPOINT_URL");
        config.ec2_endpoint = read("AWS_ENDPOINT_URL_EC2");
        if let Some(regions) = read("CLOUD_AWS_REGIONS") {
            let words = regions.split(',').map(str::trim).filter(|word| !word.is_empty());
            config.regions = words.map(Region::new).collect::<Result<_>>()?;
        }
        config.subnet = read("CLOUD_AWS_SUBNET");
        if let Some(owner) = read("CLOUD_OWNER") {
            config.settings.owner = Owner::new(owner)?;
        }
        Ok(config)
    }

    /// An access key and its secret instead of the chain that AWS' own tools go through.
    #[must_use]
    pub fn access_key(mut self, id: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        self.identity = Identity::Keys { id: id.into(), secret: secret.into(), session: None };
        self
    }

    /// Temporary credentials instead of that chain: an access key, its secret and the session's token. They are not
    /// renewed.
    #[must_use]
    pub fn session(
        mut self,
        id: impl Into<String>,
        secret: impl Into<SecretString>,
        token: impl Into<SecretString>,
    ) -> Self {
        self.identity = Identity::Keys { id: id.into(), secret: secret.into(), session: Some(token.into()) };
        self
    }

    /// Another address of all of AWS' services, such as a simulator's, for all regions. Where it is that of one region, such
    /// as a private endpoint's, name that region by [`regions`](Self::regions) too.
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        (self.endpoint, self.ec2_endpoint) = (Some(url.into()), None);
        self
    }

    /// The regions that lists and searches go through; by default all that the account has enabled.
    ///
    /// A create looks through them too, since a name means one host wherever it is: name the regions that are used, and a
    /// create depends on no other.
    #[must_use]
    pub fn regions(mut self, regions: impl IntoIterator<Item = Region>) -> Self {
        self.regions = regions.into_iter().collect();
        self
    }

    /// The subnet that hosts are in, such as `subnet-0123456789abcdef0`, instead of the default one of their zone. All hosts are then
    /// in its one zone.
    #[must_use]
    pub fn subnet(mut self, id: impl Into<String>) -> Self {
        self.subnet = Some(id.into());
        self
    }

    /// Lets hosts ask for public IPv6 addresses: their subnets have such, which default ones do not have by themselves
    /// (<https://docs.aws.amazon.com/vpc/latest/userguide/vpc-migrate-ipv6.html>).
    #[must_use]
    pub fn with_ipv6(mut self) -> Self {
        self.ipv6 = true;
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
    /// `InvalidRequest` on fields `endpoint`, `region` and `subnet`.
    pub fn build(self) -> Result<Aws> {
        let named = |error: Error| error.with_provider(&crate::ID);
        let good = |url: &str| {
            let url = Url::parse(url).ok();
            url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
                .ok_or_else(|| named(Error::invalid("endpoint", "must be an http or https URL")))
        };
        let base = good(self.endpoint.as_deref().unwrap_or("https://ec2.amazonaws.com"))?;
        let base = self.ec2_endpoint.as_deref().map_or(Ok(base), good)?;
        if let Some(wrong) = self.regions.iter().find(|region| !crate::convert::is_region(region.as_str())) {
            return Err(named(Error::invalid("region", format!("must be a region such as eu-west-1, got {wrong}"))));
        }
        if self.subnet.as_ref().is_some_and(|id| !crate::convert::is_id("subnet", id)) {
            return Err(named(Error::invalid("subnet", "must be a subnet's id such as subnet-0123456789abcdef0")));
        }
        let transport = match self.transport {
            Some(transport) => transport,
            None => network(&base).map_err(named)?,
        };
        let way = Way {
            identity: self.identity,
            endpoint: self.endpoint,
            ec2_endpoint: self.ec2_endpoint,
            regions: self.regions,
            transport,
        };
        let api = Api::new(way, self.settings.clone());
        Ok(Aws::new(api, self.settings, self.subnet, self.ipv6))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use bytes::Bytes;
    use cloud_http::{Body, SendError};

    use super::*;

    #[test]
    fn what_is_wrong_is_refused_before_any_call() {
        for (config, field) in [
            (Config::new().endpoint("no url"), "endpoint"),
            (Config::new().endpoint("ftp://host"), "endpoint"),
            (Config::new().subnet("default"), "subnet"),
            (Config::new().regions([Region::new("x.evil.example").unwrap()]), "region"),
        ] {
            assert_eq!(config.build().unwrap_err().field(), Some(field));
        }
        assert!(Config::new().subnet("subnet-0123456789abcdef0").build().is_ok());
    }

    #[tokio::test]
    async fn ec2s_own_address_is_for_ec2_alone() {
        let variable = |name: &str| match name {
            "AWS_ENDPOINT_URL_EC2" => Some("http://ec2.test".to_owned()),
            "AWS_ENDPOINT_URL" => Some("http://others.test".to_owned()),
            _ => None,
        };
        let config = Config::from_variables(variable).unwrap().access_key("AKIAEXAMPLE", "secret".to_owned());
        for (config, ec2, others) in [
            (config.clone(), "http://ec2.test", "http://others.test"),
            (config.endpoint("http://all.test"), "http://all.test", "http://all.test"),
        ] {
            let hosts = Arc::new(Hosts::default());
            let aws = config.transport(hosts.clone()).build().unwrap();
            let region = Region::new("eu-west-1").unwrap();
            assert!(aws.0.api.images(&region, "self", &[]).await.is_err());
            assert!(aws.0.api.storage_products(&region).await.is_err());
            let hosts = hosts.0.lock().unwrap();
            assert_eq!(hosts.first().map(String::as_str), Some(ec2));
            assert!(hosts.len() > 1 && hosts.iter().skip(1).all(|host| host == others), "{hosts:?}");
        }
    }

    /// Notes to whom is sent, and answers nothing good.
    #[derive(Debug, Default)]
    struct Hosts(Mutex<Vec<String>>);

    #[async_trait]
    impl Transport for Hosts {
        async fn send(&self, request: http::Request<Bytes>, _: usize) -> Result<http::Response<Body>, SendError> {
            let (scheme, host) = (request.uri().scheme_str().unwrap(), request.uri().host().unwrap());
            self.0.lock().unwrap().push(format!("{scheme}://{host}"));
            Ok(http::Response::builder().status(403).body(Body::Whole(Bytes::new())).unwrap())
        }
    }

    #[test]
    fn no_secret_is_printed() {
        let config = Config::new().session("AKIAEXAMPLE", "s3cret", "t0ken");
        let shown = format!("{config:?} {:?}", config.clone().build().unwrap());
        assert!(!shown.contains("s3cret") && !shown.contains("t0ken"), "{shown}");
    }
}
