//! A simulator of Compute Engine and a client that speaks plain JSON.

use std::time::Duration;

use cloud_sim::{SimConfig, gcp};
use serde_json::{Value, json};

use super::Answer;

/// A simulator and a client to it.
pub(crate) struct Gcp {
    pub(crate) sim: gcp::Sim,
    http: reqwest::Client,
}

impl Gcp {
    pub(crate) async fn start() -> Self {
        Self::with(SimConfig::default()).await
    }

    pub(crate) async fn with(config: SimConfig) -> Self {
        Self { sim: gcp::Sim::start(config).await.expect("a free port"), http: reqwest::Client::new() }
    }

    /// A request below the project `p`, whose path begins with a slash.
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().expect("a method");
        let url = match path.strip_prefix("/..") {
            Some(rest) => format!("{}{rest}", self.sim.url()),
            None => format!("{}/compute/v1/projects/p{path}", self.sim.url()),
        };
        self.http.request(method, url).bearer_auth("token")
    }

    pub(crate) async fn try_call(&self, method: &str, path: &str, body: &Value) -> reqwest::Result<Answer> {
        let mut request = self.request(method, path);
        if !body.is_null() {
            request = request.json(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await?;
        Ok(Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        self.try_call(method, path, &body).await.expect("an answer")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, Value::Null).await
    }

    /// Makes a change, lets its operation end and answers the operation as it is then.
    pub(crate) async fn done(&self, method: &str, path: &str, body: Value) -> Value {
        let started = self.call(method, path, body).await;
        assert_eq!(started.status, 200, "{method} {path}: {started:?}");
        self.pass_minutes(5);
        let link = started.body["selfLink"].as_str().expect("an operation");
        let (_, path) = link.split_once("/projects/p").expect("an operation of the project");
        let ended = self.get(path).await;
        assert_eq!(ended.body["status"], "DONE", "{ended:?}");
        ended.body
    }

    /// Makes an instance, lets it boot and answers it.
    pub(crate) async fn running(&self, name: &str) -> Value {
        let ended = self.done("POST", INSTANCES, instance(name)).await;
        assert_eq!(ended["error"], Value::Null, "{ended}");
        self.instance(name).await.body
    }

    pub(crate) async fn instance(&self, name: &str) -> Answer {
        self.get(&format!("{INSTANCES}/{name}")).await
    }

    pub(crate) fn pass_minutes(&self, minutes: u64) {
        self.sim.clock().jump(Duration::from_secs(60 * minutes));
    }
}

/// Why a call was refused.
pub(crate) fn reason(answer: &Answer) -> &str {
    answer.body["error"]["errors"][0]["reason"].as_str().unwrap_or_default()
}

/// Why an operation failed.
pub(crate) fn failure(operation: &Value) -> &str {
    operation["error"]["errors"][0]["code"].as_str().unwrap_or_default()
}

/// The least that an instance needs, with a public address.
pub(crate) fn instance(name: &str) -> Value {
    json!({
        "name": name,
        "machineType": "zones/us-central1-a/machineTypes/e2-small",
        "disks": [{"boot": true, "autoDelete": true, "initializeParams": {
            "sourceImage": "projects/debian-cloud/global/images/family/debian-12",
            "diskType": "zones/us-central1-a/diskTypes/pd-balanced",
        }}],
        "networkInterfaces": [{
            "network": "global/networks/default",
            "accessConfigs": [{"type": "ONE_TO_ONE_NAT", "name": "External NAT"}],
        }],
    })
}

/// Where the tests' instances are.
pub(crate) const ZONE: &str = "/zones/us-central1-a";
pub(crate) const INSTANCES: &str = "/zones/us-central1-a/instances";
