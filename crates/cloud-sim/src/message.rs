//! What goes between the shared server and a face.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde::Serialize;

use crate::pairs::decode_pairs;

/// A request as it arrived.
#[derive(Debug)]
pub struct Request {
    /// GET, POST and so on.
    pub method: Method,
    /// The whole path.
    pub path: String,
    /// The query's pairs, decoded, in their order.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The address that the client reached the server by, with the scheme.
    pub origin: String,
}

impl Request {
    /// The path's parts between slashes.
    #[must_use]
    pub fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|part| !part.is_empty()).collect()
    }

    /// The first value of a query parameter.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All values of a query parameter.
    pub fn params<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The token of a bearer authorization.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        let value = self.headers.get(http::header::AUTHORIZATION)?;
        let token = value.to_str().ok()?.strip_prefix("Bearer ")?.trim();
        (!token.is_empty()).then_some(token)
    }

    /// The pairs of a form, as the query and the body have them, decoded, in their order.
    #[must_use]
    pub fn form(&self) -> Vec<(String, String)> {
        let body = std::str::from_utf8(&self.body).unwrap_or_default();
        self.query.iter().cloned().chain(decode_pairs(body)).collect()
    }

    /// Whether the method may change something.
    #[must_use]
    pub fn is_write(&self) -> bool {
        self.method != Method::GET && self.method != Method::HEAD
    }
}

/// What a path is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The path with parameters in braces, as the API's description writes it.
    pub template: String,
    /// What the request is about to make, where a quota can be full.
    pub target: Option<cloud_world::Kind>,
    /// Whether it needs capacity somewhere, which can be gone.
    pub places: bool,
    /// Whether it may change something.
    pub writes: bool,
}

impl Route {
    /// A request that is no call of the API.
    pub(crate) fn unknown(request: &Request) -> Self {
        Self { template: "/unknown".to_owned(), target: None, places: false, writes: request.is_write() }
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Headers beyond those that every answer has.
    pub headers: Vec<(&'static str, String)>,
    /// What the body is.
    pub content_type: &'static str,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// A JSON answer.
    ///
    /// # Panics
    /// Where `body` cannot be written as JSON, which is a defect of the face.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("faces write plain JSON");
        Self { status, headers: Vec::new(), content_type: "application/json", body: body.into() }
    }

    /// An answer without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), content_type: "application/json", body: Bytes::new() }
    }
}
