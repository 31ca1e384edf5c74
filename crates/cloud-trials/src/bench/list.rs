//! Listing ten thousand hosts as a stream.

use std::time::Instant;

use cloud_types::{CloudProvider, CloudProviderExt, ListHosts};
use futures::TryStreamExt;

use super::bare::Bare;
use super::serve::Child;
use super::{HOSTS, Memory, Result, Value};

pub(super) async fn measure(child: &Child, memory: Memory) -> Result<Vec<Value>> {
    let (bare, provider) = (Bare::new(child)?, child.provider(1.0)?);
    let (hosts, pages, bytes) = bare.list().await?;
    if hosts != HOSTS {
        return Err(format!("the simulator shows {hosts} hosts of {HOSTS}").into());
    }
    let a_page = (bytes / pages) as f64;
    all(&*provider).await?;
    let before = child.calls().await?;
    (memory.reset)();
    let start = (memory.current)();
    all(&*provider).await?;
    let peak = (memory.peak)().saturating_sub(start) as f64;
    let requests = (child.calls().await? - before) as f64;
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        bare.list().await?;
        let between = Instant::now();
        all(&*provider).await?;
        theirs.push((between - began).as_secs_f64());
        ours.push(between.elapsed().as_secs_f64());
    }
    Ok(vec![
        Value::counted("list_requests_a_page", requests / pages as f64, "ratio", 1.0),
        Value::counted("list_peak_memory", peak / a_page, "pages", 3.0),
        Value::timed("list_over_bare", ours, theirs, 1.15),
    ])
}

async fn all(provider: &dyn CloudProvider) -> Result<()> {
    let mut hosts = provider.hosts(ListHosts::mine());
    let mut seen = 0;
    while hosts.try_next().await?.is_some() {
        seen += 1;
    }
    if seen == HOSTS { Ok(()) } else { Err(format!("{seen} of {HOSTS} hosts were listed").into()) }
}

const ROUNDS: usize = 15;
