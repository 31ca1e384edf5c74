//! reqwest as a [`Transport`]: the only file that knows it.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use cloud_types::{Error, ErrorKind, Result};
use url::{Host, Url};

use crate::transport::{Body, SendError, Transport};

/// The real network. Connections are kept and shared by all clones of a client.
#[derive(Debug)]
pub(crate) struct ReqwestTransport {
    client: reqwest::Client,
}

impl ReqwestTransport {
    /// A transport for calls to `base`. Proxies are taken from the environment, except for a loopback address.
    pub(crate) fn new(base: &Url) -> Result<Self> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // Repeats are decided in one place, by what a repeat may do: `retry`.
            .retry(reqwest::retry::never())
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(POOL_IDLE);
        if is_loopback(base) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| {
            Error::new(ErrorKind::Unsupported, "the HTTP client cannot be set up on this machine").with_source(error)
        })?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: http::Request<Bytes>, max_body: usize) -> Result<http::Response<Body>, SendError> {
        let request = request.try_into().map_err(send_error)?;
        let mut answer = self.client.execute(request).await.map_err(send_error)?;
        let mut response = http::Response::new(read(&mut answer, max_body).await);
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

/// Most bodies come as one chunk: that one is passed on as it is, only several are joined.
async fn read(answer: &mut reqwest::Response, max_body: usize) -> Body {
    if answer.content_length().is_some_and(|length| length > max_body as u64) {
        return Body::TooLarge;
    }
    let first = match answer.chunk().await {
        Ok(chunk) => chunk.unwrap_or_default(),
        Err(error) => return Body::Cut(error.without_url().into()),
    };
    if first.len() > max_body {
        return Body::TooLarge;
    }
    let mut joined: Option<BytesMut> = None;
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) => {
                let joined = joined.get_or_insert_with(|| BytesMut::from(&first[..]));
                if joined.len() + chunk.len() > max_body {
                    return Body::TooLarge;
                }
                joined.extend_from_slice(&chunk);
            }
            Ok(None) => return Body::Whole(joined.map_or(first, BytesMut::freeze)),
            Err(error) => return Body::Cut(error.without_url().into()),
        }
    }
}

/// Without the URL, whose query may hold what must not be logged.
fn send_error(error: reqwest::Error) -> SendError {
    let error = error.without_url();
    // Resolving, connecting and the TLS handshake all come before the first byte of a request.
    if error.is_builder() || error.is_connect() {
        SendError::not_sent("cannot connect").with_source(error)
    } else {
        SendError::maybe_sent("the connection failed before an answer came").with_source(error)
    }
}

fn is_loopback(base: &Url) -> bool {
    match base.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const POOL_IDLE: Duration = Duration::from_secs(30);
