//! Many hosts through a small budget of calls: no refusal is earned, and no time is lost.

use std::sync::Arc;
use std::time::Duration;

use cloud_sim::hetzner::Sim;
use cloud_sim::{RateLimit, SimConfig};
use cloud_types::{Clock, CloudProvider, HostSpec, Image, Machine, Name, Region, Result, ScaledClock};
use futures::future::try_join_all;
use serde::Serialize;

/// What a run has shown.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// How many hosts were created and deleted.
    pub hosts: usize,
    /// Requests.
    pub calls: u64,
    /// Requests that were refused because the budget was used up.
    pub rate_limited: u64,
    /// How long it took, in simulated time.
    pub seconds_simulated: f64,
    /// How long the budget takes to allow so many requests.
    pub seconds_allowed: f64,
    /// The one over the other.
    pub ratio: f64,
    /// The most that the ratio may be.
    pub bound: f64,
    /// Whether it is, and no request was refused.
    pub ok: bool,
}

/// Creates and deletes so many hosts at once through a budget of 3,600 calls an hour, of which few are left.
///
/// # Errors
/// Where the simulator cannot be started, or a call fails.
pub async fn run(hosts: usize) -> std::result::Result<Report, Box<dyn std::error::Error>> {
    let budget = RateLimit { limit: 3600, per_second: 1.0, initial: Some(INITIAL) };
    let sim = Sim::start(SimConfig { speed: SPEED, rate_limit: budget, ..SimConfig::default() }).await?;
    let clock = Arc::new(ScaledClock::new(SPEED));
    let hetzner = cloud_hetzner::Config::new("rate").endpoint(format!("{}/v1", sim.url())).clock(clock.clone());
    let hetzner = hetzner.deadline(DEADLINE).build()?;
    let began = clock.monotonic();
    try_join_all((0..hosts).map(|number| live(&hetzner, number))).await?;
    let seconds_simulated = (clock.monotonic() - began).as_secs_f64();
    let (stats, bound) = (sim.stats(), BOUND);
    let calls = stats.total_calls();
    let seconds_allowed = calls.saturating_sub(u64::from(INITIAL)) as f64 / budget.per_second;
    let ratio = seconds_simulated / seconds_allowed;
    let ok = ratio <= bound && stats.rate_limited == 0;
    let rate_limited = stats.rate_limited;
    Ok(Report { hosts, calls, rate_limited, seconds_simulated, seconds_allowed, ratio, bound, ok })
}

async fn live(provider: &dyn CloudProvider, number: usize) -> Result<()> {
    let name = Name::new(format!("rate-{number}"))?;
    let spec = HostSpec::new(name, Region::new("fsn1")?, Machine::named("cx22")?, Image::ubuntu("24.04"));
    let created = provider.create_host(&spec).await?;
    provider.delete_host(&created.host().id).await
}

/// At this speed a real millisecond is a fifth of a call.
const SPEED: f64 = 200.0;
/// So that the budget binds from the start.
const INITIAL: u32 = 20;
const BOUND: f64 = 1.1;
/// Of one call, its wait for a place in the budget apart.
const DEADLINE: Duration = Duration::from_secs(600);
