//! One request on a Unix socket, from the connection to the last byte of the answer, within a deadline.

use std::path::Path;
use std::time::Duration;

use cloud_types::{Error, ErrorKind, Result};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::time::timeout;

/// An answer of any status.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

/// Sends one request and reads its answer, each on a connection of its own: the program serves few of them at once.
///
/// # Errors
/// `Unavailable` where nobody listens: nothing was sent. Afterwards, `Timeout` and `Unavailable` for what only reads, and
/// `OutcomeUnknown` for what changes something.
pub(super) async fn send(socket: &Path, deadline: Duration, request: Call<'_>) -> Result<Answer> {
    let mut sent = false;
    let call = request.name;
    let reads = request.method == Method::GET;
    let failed = |sent: bool, kind: ErrorKind, what: String| {
        let kind = if sent && !reads { ErrorKind::OutcomeUnknown } else { kind };
        Err(Error::new(kind, format!("Cloud Hypervisor {what} `{call}`")))
    };
    match timeout(deadline, exchange(socket, request, &mut sent)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(Trouble::NobodyListens(error))) => {
            let message = format!("Cloud Hypervisor does not listen on {}: {error}", socket.display());
            Err(Error::new(ErrorKind::Unavailable, message).with_source(error))
        }
        Ok(Err(Trouble::Broken(error))) => {
            failed(sent, ErrorKind::Unavailable, format!("broke off ({error}) while it was asked for"))
        }
        Err(_) => failed(sent, ErrorKind::Timeout, format!("did not answer within {deadline:?}, asked for")),
    }
}

/// What is asked for.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// The last part of the path, such as `vm.info`.
    pub(super) name: &'a str,
    /// JSON, or nothing.
    pub(super) body: Option<Vec<u8>>,
}

enum Trouble {
    NobodyListens(std::io::Error),
    Broken(String),
}

async fn exchange(socket: &Path, call: Call<'_>, sent: &mut bool) -> Result<Answer, Trouble> {
    let broken = |error: &dyn std::fmt::Display| Trouble::Broken(error.to_string());
    let stream = UnixStream::connect(socket).await.map_err(Trouble::NobodyListens)?;
    let handshake = http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| broken(&error))?;
    let mut request = Request::builder().method(call.method).uri(format!("{BASE}{}", call.name));
    request = request.header(HOST, "localhost").header(ACCEPT, JSON);
    if call.body.is_some() {
        request = request.header(CONTENT_TYPE, JSON);
    }
    let request = request.body(Full::from(call.body.unwrap_or_default()));
    let request = request.expect("the names of calls are written in this crate");
    *sent = true;
    let exchange = async move {
        let answer = sender.send_request(request).await.map_err(|error| broken(&error))?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), LARGEST).collect().await.map_err(|error| broken(&error))?;
        Ok(Answer { status, body: body.to_bytes() })
    };
    tokio::pin!(exchange, connection);
    tokio::select! {
        answer = &mut exchange => answer,
        // The connection may end with the answer; what was read of it by then is kept.
        _ = &mut connection => exchange.await,
    }
}

const BASE: &str = "/api/v1/";
const JSON: &str = "application/json";

/// No answer comes near this: `vm.info` has some kilobytes.
const LARGEST: usize = 4 << 20;
