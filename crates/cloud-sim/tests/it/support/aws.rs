//! A simulator of EC2 and a client that speaks plain forms.

use std::fmt::Write;
use std::time::Duration;

use cloud_sim::{SimConfig, aws};
use serde_json::Value;

/// A simulator and a client to it.
pub(crate) struct Aws {
    pub(crate) sim: aws::Sim,
    http: reqwest::Client,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Xml {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: String,
}

impl Xml {
    /// The texts of all elements of that name.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let parts = self.body.split(&open).skip(1);
        parts.filter_map(|part| Some(part.split_once(&close)?.0)).collect()
    }

    /// The text of the first element of that name; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or_default()
    }

    /// The error's code.
    pub(crate) fn code(&self) -> &str {
        self.text("Code")
    }
}

impl Aws {
    pub(crate) async fn start() -> Self {
        Self::with(SimConfig::default()).await
    }

    pub(crate) async fn with(config: SimConfig) -> Self {
        Self { sim: aws::Sim::start(config).await.expect("a free port"), http: reqwest::Client::new() }
    }

    /// A signed request of a service, whose parameters may be many.
    pub(crate) fn request(&self, scope: &str, body: String) -> reqwest::RequestBuilder {
        let signature = "0".repeat(64);
        let head = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDTEST/20261121/{scope}/aws4_request, SignedHeaders=host;x-amz-date, \
             Signature={signature}"
        );
        let request = self.http.post(self.sim.url()).header("authorization", head);
        request.header("x-amz-date", "20261121T090000Z").body(body)
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Xml {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Xml { status, headers, body: response.text().await.expect("a text") }
    }

    /// An action of EC2 in a region.
    pub(crate) async fn call_in(&self, region: &str, action: &str, parameters: &[(&str, &str)]) -> Xml {
        let mut body = format!("Action={action}&Version=2016-11-15");
        for (name, value) in parameters {
            write!(body, "&{name}={}", encode(value)).expect("a string grows");
        }
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        self.send(self.request(&format!("{region}/ec2"), body).header("content-type", form)).await
    }

    /// An action of EC2 in `us-east-1`.
    pub(crate) async fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Xml {
        self.call_in("us-east-1", action, parameters).await
    }

    /// A call of a service that speaks JSON.
    pub(crate) async fn json(&self, service: &str, target: &str, body: &Value) -> (u16, Value) {
        let request = self.request(&format!("us-east-1/{service}"), body.to_string());
        let answer = self.send(request.header("x-amz-target", target).header("content-type", JSON)).await;
        (answer.status, serde_json::from_str(&answer.body).expect("JSON"))
    }

    /// The newest image of a name such as `ubuntu-noble-24.04-amd64`.
    pub(crate) async fn image(&self, name: &str) -> String {
        let pattern = format!("*{name}-*");
        let found = self.call("DescribeImages", &[("Filter.1.Name", "name"), ("Filter.1.Value.1", &pattern)]).await;
        (*found.all("imageId").last().expect("an image")).to_owned()
    }

    /// Launches an instance with more parameters than it needs; answers its id.
    pub(crate) async fn launch(&self, more: &[(&str, &str)]) -> String {
        let answer = self.try_launch(more).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text("instanceId").to_owned()
    }

    pub(crate) async fn try_launch(&self, more: &[(&str, &str)]) -> Xml {
        let image = self.image("ubuntu-noble-24.04-amd64-server").await;
        let mut parameters =
            vec![("ImageId", image.as_str()), ("InstanceType", "t3.micro"), ("MinCount", "1"), ("MaxCount", "1")];
        for (name, value) in more {
            parameters.retain(|(known, _)| known != name);
            parameters.push((name, value));
        }
        self.call("RunInstances", &parameters).await
    }

    /// Launches an instance and lets it boot.
    pub(crate) async fn running(&self, more: &[(&str, &str)]) -> String {
        let id = self.launch(more).await;
        self.pass_minutes(2);
        id
    }

    pub(crate) async fn instance(&self, id: &str) -> Xml {
        self.call("DescribeInstances", &[("InstanceId.1", id)]).await
    }

    /// The state of an instance.
    pub(crate) async fn state(&self, id: &str) -> String {
        let shown = self.instance(id).await;
        let state = shown.text("instanceState");
        state.split("<name>").nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default().to_owned()
    }

    pub(crate) fn pass_minutes(&self, minutes: u64) {
        self.sim.clock().jump(Duration::from_secs(60 * minutes));
    }
}

/// Everything but letters and digits in percent.
fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a string grows");
        }
    }
    encoded
}

const JSON: &str = "application/x-amz-json-1.1";
