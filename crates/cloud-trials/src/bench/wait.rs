//! Waiting for many hosts at once.

use std::error::Error;
use std::time::{Duration, Instant};

use cloud_types::{CloudProviderExt, Wait};
use futures::future::try_join_all;

use super::serve::Child;
use super::{Result, Value, WAIT_SPEED};

/// Calls a simulated second, from the last create's answer until the last host is ready.
pub(super) async fn measure(child: &Child) -> Result<Value> {
    let provider = child.provider(WAIT_SPEED)?;
    let created = try_join_all((0..HOSTS).map(async |number| {
        let spec = child.subject.spec(&format!("bench-{number}"))?;
        Ok::<_, Box<dyn Error>>(provider.create_host(&spec).await?)
    }))
    .await?;
    let (began, before) = (Instant::now(), child.calls().await?);
    try_join_all(created.iter().map(|created| provider.wait_ready(&created.host().id, Wait::within(LIMIT)))).await?;
    let seconds = began.elapsed().as_secs_f64() * WAIT_SPEED;
    let calls = (child.calls().await? - before) as f64;
    Ok(Value::counted("wait_for_100_calls", calls / seconds, "calls/s", 8.0))
}

const HOSTS: usize = 100;
const LIMIT: Duration = Duration::from_secs(600);
