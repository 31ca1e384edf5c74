//! The way to a REST API: authorize, send, retry, rate limit, pages, long operations.
//!
//! A provider's crate makes one [`Client`] and calls its API through it. What the client adds to plain HTTP:
//! credentials on every attempt ([`Authorize`]), errors by the provider's own table ([`ErrorTable`]), repeats that
//! can do no harm ([`RetryPolicy`]), a shared and fair wait at the rate limit ([`RateLimiter`]), a deadline on the
//! injected clock, bodies of bounded size, and logs that hold nothing secret. The order of a call:
//! span, deadline, rate limit, authorize, send, classify, retry.
//!
//! ```no_run
//! # async fn run() -> cloud_types::Result<()> {
//! use cloud_http::{BearerToken, Client};
//! use cloud_types::ProviderId;
//!
//! #[derive(serde::Deserialize)]
//! struct Server {
//!     name: String,
//! }
//!
//! let base = "https://api.example.com/v1/".parse().expect("a constant URL");
//! let client = Client::builder(ProviderId::new("example"), base).authorize(BearerToken::new("s3cret")).build()?;
//! let server: Server = client.get("get_host", "servers/42").query("fields", "name").send().await?;
//! # Ok(()) }
//! ```
//!
//! No provider's URL, header, code or quirk is known here.

mod authorize;
mod bucket;
mod chain;
mod classify;
mod client;
mod deadline;
mod encode;
#[cfg(any(test, feature = "test-util"))]
mod fake;
mod headers;
mod json;
mod limit;
mod pages;
mod request;
mod reqwest_transport;
mod retry;
mod transport;

pub use authorize::{Anonymous, Authorize, BearerToken};
pub use classify::{Answer, ErrorTable, Executed, StatusTable};
pub use client::{Client, ClientBuilder};
pub use encode::segment;
#[cfg(any(test, feature = "test-util"))]
pub use fake::{FakeTransport, Recorded};
pub use headers::{RateHeaders, RateReading};
pub use limit::RateLimiter;
pub use pages::{MAX_PAGES, Page, pages, pages_at_most};
pub use request::Request;
pub use reqwest_transport::network;
pub use retry::{Attempt, Conflicts, Outcome, Repeat, RetryPolicy, Verdict};
pub use transport::{Body, SendError, Sent, Transport};
