//! Fetching from guests, as soon as they answer.

use std::net::TcpListener;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::Result;

/// A port of the loopback that nobody has.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// What a path at this port says, waited for as long as nobody answers.
pub(crate) async fn fetch(port: u16, path: &str, limit: Duration) -> Result<String> {
    let (status, body) = ask(port, path, limit).await?;
    if status == 200 { Ok(body) } else { Err(format!("{path} at port {port}: status {status}").into()) }
}

/// The status and the body.
pub(crate) async fn ask(port: u16, path: &str, limit: Duration) -> Result<(u16, String)> {
    let url = format!("http://127.0.0.1:{port}/{path}");
    let client = reqwest::Client::builder().timeout(ANSWER).pool_max_idle_per_host(0).build()?;
    let deadline = Instant::now() + limit;
    loop {
        match client.get(&url).send().await {
            Ok(answer) => return Ok((answer.status().as_u16(), answer.text().await?)),
            Err(error) if Instant::now() >= deadline => return Err(format!("{url}: {error}").into()),
            Err(_) => sleep(Duration::from_millis(250)).await,
        }
    }
}

/// How long an answer may take. A connection to QEMU's own network is taken before there is anybody in the guest.
const ANSWER: Duration = Duration::from_secs(10);
