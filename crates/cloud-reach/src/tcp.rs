//! A TCP connection that is made in time or says why not.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use cloud_types::Clock;
use cloud_types::clock::within;
use tokio::net::TcpStream;

/// Connects, or says in a line what hindered it.
pub(crate) async fn connect(clock: &dyn Clock, at: SocketAddr, limit: Duration) -> Result<TcpStream, String> {
    match within(clock, limit, TcpStream::connect(at)).await {
        Some(Ok(stream)) => Ok(stream),
        Some(Err(error)) => Err(format!("{at}: {}", words(&error))),
        None => Err(format!("{at}: no answer in {limit:?}")),
    }
}

/// The error without the number that the system has for it, where Rust has a word.
pub(crate) fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => error.kind().to_string(),
        _ => error.to_string(),
    }
}

/// How long a host may take to accept a connection.
pub(crate) const CONNECT_LIMIT: Duration = Duration::from_secs(5);
