//! A transport without a network: answers from a script, and a record of what was sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::transport::{Body, SendError, Transport};

/// Answers requests from a script, in order, and records them.
///
/// ```
/// use cloud_http::{Client, FakeTransport};
/// use cloud_types::ProviderId;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let fake = FakeTransport::new().answer(200, r#"{"id":42}"#);
/// let base = "http://api.test/v1".parse().unwrap();
/// let client = Client::builder(ProviderId::new("test"), base).transport(fake.clone()).build().unwrap();
///
/// let server: std::collections::HashMap<String, u64> = client.get("get_host", "servers/42").send().await.unwrap();
/// assert_eq!(server["id"], 42);
/// assert_eq!(fake.requests()[0].target, "/v1/servers/42");
/// # });
/// ```
#[derive(Debug, Default)]
pub struct FakeTransport {
    script: Mutex<VecDeque<Result<http::Response<Body>, SendError>>>,
    requests: Mutex<Vec<Recorded>>,
}

/// A request that a [`FakeTransport`] was given.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// The headers, credentials included.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Recorded {
    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("the request's body is not JSON")
    }
}

impl FakeTransport {
    /// An empty script.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Adds an answer.
    #[must_use]
    pub fn answer(self: Arc<Self>, status: u16, body: impl Into<Bytes>) -> Arc<Self> {
        self.answer_with(status, &[], body)
    }

    /// Adds an answer with headers.
    ///
    /// # Panics
    /// If status or a header is none.
    #[must_use]
    pub fn answer_with(self: Arc<Self>, status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Arc<Self> {
        let mut response = http::Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let response = response.body(Body::Whole(body.into())).expect("a status and headers that HTTP knows");
        self.next(Ok(response))
    }

    /// Adds a success whose body is cut off.
    #[must_use]
    pub fn cut(self: Arc<Self>, status: StatusCode) -> Arc<Self> {
        let mut response = http::Response::new(Body::Cut("cut".into()));
        *response.status_mut() = status;
        self.next(Ok(response))
    }

    /// Adds a failure to send.
    #[must_use]
    pub fn fail(self: Arc<Self>, error: SendError) -> Arc<Self> {
        self.next(Err(error))
    }

    /// All requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        locked(&self.requests).clone()
    }

    /// How many answers of the script were not used yet.
    #[must_use]
    pub fn left(&self) -> usize {
        locked(&self.script).len()
    }

    fn next(self: Arc<Self>, answer: Result<http::Response<Body>, SendError>) -> Arc<Self> {
        locked(&self.script).push_back(answer);
        self
    }
}

#[async_trait]
impl Transport for FakeTransport {
    /// # Panics
    /// If the script has no answer left: the test sends more than it meant to.
    async fn send(&self, request: http::Request<Bytes>, max_body: usize) -> Result<http::Response<Body>, SendError> {
        let (parts, body) = request.into_parts();
        let target = parts.uri.path_and_query().map_or_else(String::new, ToString::to_string);
        let shown = format!("{} {target}", parts.method);
        locked(&self.requests).push(Recorded { method: parts.method, target, headers: parts.headers, body });
        let answer = locked(&self.script).pop_front();
        let answer = answer.unwrap_or_else(|| panic!("no answer is left in the script for {shown}"))?;
        Ok(answer.map(|body| match body {
            Body::Whole(bytes) if bytes.len() > max_body => Body::TooLarge,
            body => body,
        }))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
