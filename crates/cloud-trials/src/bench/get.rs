//! Reading one host.

use std::time::Instant;

use super::bare::Bare;
use super::serve::Child;
use super::{Result, Value};

/// The two are measured in turns, so that whatever else the machine does slows both.
pub(super) async fn measure(child: &Child) -> Result<Vec<Value>> {
    let (bare, provider) = (Bare::new(child)?, child.provider(1.0)?);
    let page = provider.list_hosts(&cloud_types::ListHosts::mine()).await?;
    let id = &page.hosts.first().ok_or("the simulator has no host")?.id;
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for round in 0..WARM_UP + ROUNDS {
        let began = Instant::now();
        bare.get(id.as_str()).await?;
        let between = Instant::now();
        provider.get_host(id).await?;
        let ended = Instant::now();
        if round >= WARM_UP {
            theirs.push((between - began).as_secs_f64());
            ours.push((ended - between).as_secs_f64());
        }
    }
    Ok(vec![Value::timed("get_host_over_bare", ours, theirs, 1.10)])
}

const WARM_UP: usize = 200;
const ROUNDS: usize = 2000;
