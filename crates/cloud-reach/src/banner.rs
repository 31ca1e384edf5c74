//! The first line of an SSH server: that something answers at a host, without a key and without an SSH library.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud_types::clock::within;
use cloud_types::{Clock, HostRuntime, Reach, Rung, Sight, SystemClock};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::tcp::{CONNECT_LIMIT, connect, words};

/// Waits until an SSH server answers: [`Rung::Banner`].
#[derive(Debug, Clone)]
pub struct Banner {
    port: u16,
    clock: Arc<dyn Clock>,
}

impl Banner {
    /// Looks at port 22.
    #[must_use]
    pub fn new() -> Self {
        Self { port: 22, clock: Arc::new(SystemClock) }
    }

    /// Looks at this port instead.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The clock that its limits run on.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

impl Default for Banner {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Reach for Banner {
    fn rungs(&self) -> &[Rung] {
        &[Rung::Banner]
    }

    async fn look(&self, _rung: Rung, _host: &HostRuntime, at: IpAddr) -> Sight {
        look(&*self.clock, SocketAddr::new(at, self.port)).await
    }
}

/// Looks once for an SSH server's first line.
pub(crate) async fn look(clock: &dyn Clock, at: SocketAddr) -> Sight {
    let stream = match connect(clock, at, CONNECT_LIMIT).await {
        Ok(stream) => stream,
        Err(evidence) => return Sight::NotYet(evidence),
    };
    match within(clock, BANNER_LIMIT, read_banner(stream)).await {
        Some(Ok(banner)) => Sight::Reached(banner),
        Some(Err(evidence)) => Sight::NotYet(format!("{at}: {evidence}")),
        None => Sight::NotYet(format!("{at}: connected, and no SSH banner in {BANNER_LIMIT:?}")),
    }
}

/// Reads the line `SSH-2.0-…`. A server may send other lines before it, and no line may be longer than 255 bytes
/// ([RFC 4253, 4.2](https://www.rfc-editor.org/rfc/rfc4253#section-4.2)).
async fn read_banner(mut stream: impl AsyncRead + Unpin) -> Result<String, String> {
    let mut read = Vec::new();
    let mut chunk = [0; 512];
    let mut start = 0;
    loop {
        let count = stream.read(&mut chunk).await.map_err(|error| words(&error))?;
        if count == 0 {
            return Err(format!("closed without an SSH banner{}", said(&read)));
        }
        read.extend_from_slice(&chunk[..count]);
        while let Some(length) = read[start..].iter().position(|byte| *byte == b'\n') {
            let line = &read[start..start + length];
            if line.starts_with(b"SSH-") {
                return banner(line);
            }
            start += length + 1;
        }
        if read.len() - start > LINE_BYTES && read[start..].starts_with(b"SSH-") {
            return Err(format!("an SSH banner of more than {LINE_BYTES} bytes"));
        }
        if read.len() > ALL_BYTES {
            return Err(format!("{ALL_BYTES} bytes without an SSH banner{}", said(&read)));
        }
    }
}

/// Protocol 2 alone; 1.99 is what a server says that still speaks both.
fn banner(line: &[u8]) -> Result<String, String> {
    let line = String::from_utf8_lossy(line).trim_end().to_owned();
    if line.starts_with("SSH-2.0-") || line.starts_with("SSH-1.99-") {
        return Ok(line);
    }
    Err(format!("not SSH 2: {line}"))
}

/// What a server that is no SSH server began with.
fn said(read: &[u8]) -> String {
    let start = String::from_utf8_lossy(&read[..read.len().min(60)]).into_owned();
    start.lines().next().map_or_else(String::new, |line| format!("; it began with {line:?}"))
}

/// How long a server may take to say what it is.
const BANNER_LIMIT: Duration = Duration::from_secs(5);
/// The longest line, with its end.
const LINE_BYTES: usize = 255;
/// The most that is read before the banner.
const ALL_BYTES: usize = 8 * 1024;
