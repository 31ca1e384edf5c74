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
use crate::pairs::decode_pairs;
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
        query: decode_pairs(parts.uri.query().unwrap_or_default()),
        headers: parts.headers,
        body,
        origin: format!("http://{address}"),
    })
}
