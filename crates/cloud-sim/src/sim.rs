//! A running simulator: the listener, its connections, and the handle that tests hold.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, MutexGuard};

use cloud_world::World;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::body::NoAnswer;
use crate::exchange::Shared;
use crate::{Clock, Face, FaultRule, Request, SimConfig, Stats};

/// A running simulator; it stops when this is dropped.
#[derive(Debug)]
pub struct Sim<F: Face> {
    shared: Arc<Shared<F>>,
    address: SocketAddr,
    listener: JoinHandle<()>,
}

impl<F: Face> Sim<F> {
    /// Starts a simulator on the present runtime. It answers from the moment this returns.
    ///
    /// # Errors
    /// Where the address cannot be listened at, or the record file not be opened.
    pub async fn start(config: SimConfig) -> io::Result<Self> {
        let shared = Shared::new(&config)?;
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let accept = accept(listener, address, Arc::clone(&shared));
        Ok(Self { shared, address, listener: tokio::spawn(accept) })
    }

    /// Where it listens, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The world at this moment. Requests wait while the guard is held.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }

    /// Adds a rule by which requests meet a fault.
    pub fn inject(&self, rule: FaultRule) {
        self.shared.inject(rule);
    }

    /// Forgets all fault rules and the overall chance of faults.
    pub fn clear_faults(&self) {
        self.shared.clear_faults();
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// What was counted since the start.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }
}

impl<F: Face> Drop for Sim<F> {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// Takes connections until aborted; its connections end with it.
async fn accept<F: Face>(listener: TcpListener, address: SocketAddr, shared: Arc<Shared<F>>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        connections.spawn(serve(stream, address, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve<F: Face>(stream: TcpStream, address: SocketAddr, shared: Arc<Shared<F>>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "the connection keeps its delay");
    }
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        Box::pin(async move {
            let request = read(request, address).await?;
            shared.handle(request).await
        })
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let ended = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let Err(error) = ended else { return };
    tracing::debug!(%error, "a connection ended early");
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    if cause == Some(&NoAnswer::Reset) {
        let stream = connection.into_parts().io.into_inner();
        if let Err(error) = stream.set_zero_linger() {
            tracing::debug!(%error, "the connection is closed instead of reset");
        }
    }
}

async fn read(request: hyper::Request<Incoming>, address: SocketAddr) -> Result<Request, NoAnswer> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| NoAnswer::Closed)?.to_bytes();
    Ok(Request {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: decode_query(parts.uri.query().unwrap_or_default()),
        headers: parts.headers,
        body,
        origin: format!("http://{address}"),
    })
}

fn decode_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// Undoes percent encoding and `+`; a bad escape stays as it is.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escape = text_of_escape(rest);
        rest = tail;
        match (first, escape) {
            (b'+', _) => bytes.push(b' '),
            (_, Some(byte)) => {
                bytes.push(byte);
                rest = &rest[2..];
            }
            (byte, None) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn text_of_escape(bytes: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = bytes else {
        return None;
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_in_order() {
        let query = decode_query("label_selector=env%20in%20(a%2Cb)&id=1&id=2&x&y=%zz+%e4");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            query,
            [
                pair("label_selector", "env in (a,b)"),
                pair("id", "1"),
                pair("id", "2"),
                pair("x", ""),
                pair("y", "%zz \u{fffd}"),
            ]
        );
    }
}
