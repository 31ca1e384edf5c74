//! The same calls of EC2 without us: its SDK over the same reqwest, with its own retries and time.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::{BehaviorVersion, Config, Region};
use aws_sdk_ec2::types::{Filter, Instance};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use super::Result;

/// The SDK's client of one region of the simulator.
#[derive(Debug)]
pub(super) struct Sdk(Client);

impl Sdk {
    pub(super) fn new(url: &str, region: &str) -> Result<Self> {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(Reqwest(reqwest::Client::builder().build()?))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("AKIABENCH", "bench", None, None, "bench")))
            .region(Region::new(region.to_owned()))
            .endpoint_url(url)
            .build();
        Ok(Self(Client::from_conf(config)))
    }

    pub(super) async fn get(&self, id: &str) -> Result<Instance> {
        let answer = self.0.describe_instances().instance_ids(id).send().await?;
        let instances = answer.reservations.unwrap_or_default().into_iter().flat_map(|one| one.instances.unwrap_or_default());
        instances.into_iter().next().ok_or_else(|| "the simulator does not show the instance".into())
    }

    /// Reads all pages; tells how many instances there are, and how many pages they came in.
    pub(super) async fn list(&self, tag: &str, value: &str, page: i32) -> Result<(usize, usize)> {
        let filter = Filter::builder().name(format!("tag:{tag}")).values(value).build();
        let (mut instances, mut pages, mut next) = (0, 0, None);
        loop {
            let call = self.0.describe_instances().filters(filter.clone()).max_results(page).set_next_token(next);
            let answer = call.send().await?;
            instances += answer.reservations().iter().map(|one| one.instances().len()).sum::<usize>();
            pages += 1;
            next = answer.next_token;
            if next.is_none() {
                return Ok((instances, pages));
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
