//! One request, built up and sent.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use cloud_types::{Error, Result};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::chain::{self, Call};
use crate::classify::Accept;
use crate::client::Client;
use crate::encode::{check_path, encode_into};
use crate::json;
use crate::retry::{Conflicts, Repeat};

/// A request that is being put together. Nothing happens before one of its `send` methods is awaited.
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    client: Client,
    method: Method,
    operation: &'static str,
    target: String,
    has_query: bool,
    headers: HeaderMap,
    body: Bytes,
    repeat: Repeat,
    conflicts: Conflicts,
    deadline: Duration,
    /// The first thing that was wrong, told when it is sent.
    broken: Option<Error>,
}

impl Request {
    pub(crate) fn new(client: Client, method: Method, operation: &'static str, path: &str) -> Self {
        let shared = &client.0;
        let mut target = String::with_capacity(shared.base.len() + path.len() + 64);
        target.push_str(&shared.base);
        target.push_str(path);
        Self {
            repeat: if method.is_idempotent() { Repeat::Harmless } else { Repeat::Unsafe },
            method,
            operation,
            target,
            has_query: false,
            headers: shared.headers.clone(),
            body: Bytes::new(),
            conflicts: Conflicts::Return,
            deadline: shared.deadline,
            broken: check_path(path).err(),
            client,
        }
    }

    /// Adds a query parameter; a name may be given several times.
    pub fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.target.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        encode_into(&mut self.target, name);
        self.target.push('=');
        encode_into(&mut self.target, value);
        self
    }

    /// Adds a header, such as an idempotency token.
    pub fn header(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        match HeaderValue::try_from(value.to_string()) {
            Ok(value) => {
                self.headers.insert(HeaderName::from_static(name), value);
            }
            Err(_) => self.broken = self.broken.or_else(|| Some(Error::invalid(name, "no header can hold this"))),
        }
        self
    }

    /// Sends `body` as JSON.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => {
                self.body = bytes.into();
                self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
            Err(_) => {
                let broken = Error::invalid("body", "cannot be written as JSON");
                self.broken = self.broken.or(Some(broken));
            }
        }
        self
    }

    /// Vouches that carrying it out twice does no harm: a token or a unique name in it protects it.
    pub fn repeatable(mut self) -> Self {
        self.repeat = Repeat::Harmless;
        self
    }

    /// Waits and repeats while the answer is [`Conflict`](cloud_types::ErrorKind::Conflict) (busy), until the deadline.
    pub fn retry_conflicts(mut self) -> Self {
        self.conflicts = Conflicts::Retry;
        self
    }

    /// How long the call may take with all its attempts, on the client's clock.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sends it and reads the answer as JSON.
    ///
    /// # Errors
    /// By the provider's table where it answered; [`RateLimited`](cloud_types::ErrorKind::RateLimited) and
    /// [`Unavailable`](cloud_types::ErrorKind::Unavailable) only after the retries. [`OutcomeUnknown`](cloud_types::ErrorKind::OutcomeUnknown)
    /// where it is not repeatable and may have been carried out. [`Timeout`](cloud_types::ErrorKind::Timeout) past the deadline.
    /// [`Unexpected`](cloud_types::ErrorKind::Unexpected) where the answer is not a `T`; the message names the field, never its value.
    pub async fn send<T: DeserializeOwned + Send>(self) -> Result<T> {
        self.send_with_meta().await.map(|(answer, _)| answer)
    }

    /// Like [`send`](Self::send), with the headers of the answer.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_with_meta<T: DeserializeOwned + Send>(self) -> Result<(T, HeaderMap)> {
        let mut answer = None;
        let mut accept = |body: &Bytes| json::parse(body).map(|parsed| answer = Some(parsed));
        let headers = self.run(Some(&mut accept)).await?;
        Ok((answer.expect("a success without a parsed body is none"), headers))
    }

    /// Sends it; a success is known by its status and its body is ignored.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_empty(self) -> Result<()> {
        self.run(None).await.map(|_| ())
    }

    async fn run(self, accept: Accept<'_>) -> Result<HeaderMap> {
        let client = self.client;
        let (provider, operation) = (&client.0.provider, self.operation);
        let uri = match self.broken {
            Some(error) => Err(error),
            None => Uri::try_from(self.target).map_err(|_| Error::invalid("path", "does not make a URL")),
        };
        let call = Call {
            operation,
            method: self.method,
            uri: uri.map_err(|error| error.with_provider(provider).with_operation(operation))?,
            headers: self.headers,
            body: self.body,
            repeat: self.repeat,
            conflicts: self.conflicts,
            deadline: self.deadline,
        };
        chain::run(&client.0, &call, accept).await
    }
}

/// Without query, headers and body, which may hold secrets.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.target.split('?').next().unwrap_or_default();
        f.debug_struct("Request")
            .field("operation", &self.operation)
            .field("method", &self.method)
            .field("url", &path)
            .field("repeat", &self.repeat)
            .finish_non_exhaustive()
    }
}
