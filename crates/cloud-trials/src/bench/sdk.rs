//! The same calls of EC2 without us: its SDK over the same reqwest, with its own retries and time.

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::{BehaviorVersion, Config, Region};
use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use cloud_types::ownership;

use super::Result;
use super::subject::{Bare, Listed, OWNER};

/// The SDK's client of one region of the simulator.
#[derive(Debug)]
pub(crate) struct Sdk(Client);

impl Sdk {
    pub(crate) fn new(url: &str, region: &str) -> Result<Self> {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(Reqwest(reqwest::Client::builder().build()?))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "AKIABENCH",
                "bench",
                None,
                None,
                "bench",
            )))
            .region(Region::new(region.to_owned()))
            .endpoint_url(url)
            .build();
        Ok(Self(Client::from_conf(config)))
    }

    /// Launches so many instances of [`OWNER`].
    pub(crate) async fn run(&self, machine: &str, instances: usize) -> Result<()> {
        let named =
            Filter::builder().name("name").values("ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-*").build();
        let images = self.0.describe_images().filters(named).send().await?;
        let image = images.images().first().and_then(|image| image.image_id()).ok_or("there is no image")?.to_owned();
        let tag = |key: &str| Tag::builder().key(key).value(OWNER).build();
        let tags = TagSpecification::builder().resource_type(ResourceType::Instance);
        let tags = tags.tags(tag(ownership::OWNER)).tags(tag(ownership::NAME)).build();
        let mut left = i32::try_from(instances)?;
        while left > 0 {
            let count = left.min(A_LAUNCH);
            let launch = self.0.run_instances().image_id(&image).instance_type(machine.into());
            launch.min_count(count).max_count(count).tag_specifications(tags.clone()).send().await?;
            left -= count;
        }
        Ok(())
    }
}

#[async_trait(?Send)]
impl Bare for Sdk {
    async fn get(&self, id: &str) -> Result<()> {
        let (_, id) = id.split_once('/').ok_or("an id of another provider")?;
        let answer = self.0.describe_instances().instance_ids(id).send().await?;
        match answer.reservations().iter().any(|one| !one.instances().is_empty()) {
            true => Ok(()),
            false => Err("the simulator does not show the instance".into()),
        }
    }

    async fn list(&self) -> Result<Listed> {
        let owned = Filter::builder().name(format!("tag:{}", ownership::OWNER)).values(OWNER).build();
        let (mut listed, mut next) = (Listed::default(), None);
        loop {
            let call = self.0.describe_instances().filters(owned.clone()).max_results(A_PAGE).set_next_token(next);
            let answer = call.send().await?;
            listed.hosts += answer.reservations().iter().map(|one| one.instances().len()).sum::<usize>();
            listed.pages += 1;
            next = answer.next_token;
            if next.is_none() {
                return Ok(listed);
            }
        }
    }
}

/// reqwest as the SDK's HTTP client, and nothing more.
#[derive(Debug, Clone)]
struct Reqwest(reqwest::Client);

impl HttpClient for Reqwest {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Reqwest {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let request = request.map(|body| reqwest::Body::from(body.bytes().unwrap_or_default().to_vec()));
            let request = request.try_into().map_err(|error: reqwest::Error| ConnectorError::user(error.into()))?;
            let mut answer = client.execute(request).await.map_err(|error| ConnectorError::io(error.into()))?;
            let mut response = http::Response::new(());
            *response.status_mut() = answer.status();
            *response.headers_mut() = std::mem::take(answer.headers_mut());
            let body = answer.bytes().await.map_err(|error| ConnectorError::io(error.into()))?;
            HttpResponse::try_from(response.map(|()| SdkBody::from(body)))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The most that one call shows (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html>).
const A_PAGE: i32 = 1000;
/// As many as the simulator launches at once.
const A_LAUNCH: i32 = 100;
