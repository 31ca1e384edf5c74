//! A simulator and providers on it.

use std::sync::Arc;
use std::time::Duration;

use cloud_hetzner::{Config, Hetzner};
use cloud_sim::SimConfig;
use cloud_sim::hetzner::Sim;
use cloud_types::{Owner, ScaledClock};

/// How much faster than the wall clock everything runs here.
pub(crate) const SPEED: f64 = 100.0;

/// A simulator without faults.
pub(crate) async fn sim() -> Sim {
    Sim::start(SimConfig { speed: SPEED, ..SimConfig::default() }).await.expect("the simulator starts")
}

/// Settings for a provider on a simulator, on a clock of the same speed.
pub(crate) fn config(sim: &Sim) -> Config {
    Config::new("any-token")
        .endpoint(format!("{}/v1", sim.url()))
        .clock(Arc::new(ScaledClock::new(SPEED)))
        .deadline(Duration::from_secs(300))
}

/// A provider on a simulator for an owner.
pub(crate) fn provider(sim: &Sim, owner: &str) -> Hetzner {
    config(sim).owner(Owner::new(owner).expect("a good owner")).build().expect("a provider")
}
