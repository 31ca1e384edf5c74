//! What the tests over HTTP share: a simulator and a client that speaks plain JSON.

pub(crate) mod aws;
pub(crate) mod gcp;

use std::time::Duration;

use cloud_sim::{SimConfig, hetzner};
use serde_json::{Value, json};

/// A simulator and a client to it.
pub(crate) struct Hetzner {
    pub(crate) sim: hetzner::Sim,
    http: reqwest::Client,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Hetzner {
    pub(crate) async fn start() -> Self {
        Self::with(SimConfig::default()).await
    }

    pub(crate) async fn with(config: SimConfig) -> Self {
        Self { sim: hetzner::Sim::start(config).await.expect("a free port"), http: reqwest::Client::new() }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().expect("a method");
        let url = format!("{}/v1{path}", self.sim.url());
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

    /// Makes a server, lets it boot and answers its id.
    pub(crate) async fn running_server(&self, name: &str) -> u64 {
        let answer = self.post("/servers", server(name)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        self.pass_minutes(1);
        answer.body["server"]["id"].as_u64().expect("an id")
    }

    /// Starts an action of a server and lets it end.
    pub(crate) async fn act(&self, server: u64, verb: &str, body: Value) -> Answer {
        let path = format!("/servers/{server}/actions/{verb}");
        let answer = self.post(&path, body).await;
        self.pass_minutes(5);
        answer
    }

    pub(crate) async fn status(&self, server: u64) -> String {
        let answer = self.get(&format!("/servers/{server}")).await;
        let status = answer.body["server"]["status"].as_str();
        status.unwrap_or_default().to_owned()
    }

    pub(crate) fn pass_minutes(&self, minutes: u64) {
        self.sim.clock().jump(Duration::from_secs(60 * minutes));
    }
}

/// The least that a server needs.
pub(crate) fn server(name: &str) -> Value {
    json!({"name": name, "server_type": "cx22", "image": "ubuntu-24.04", "location": "fsn1"})
}

/// A public key that differs for each `number`.
pub(crate) fn public_key(number: u8) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
    blob.extend([number; 32]);
    let mut text = String::new();
    for three in blob.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        for shift in [18, 12, 6, 0] {
            text.push(char::from(ALPHABET[(bits >> shift & 63) as usize]));
        }
    }
    format!("ssh-ed25519 {text} someone@example")
}
