//! A simulator and providers on it.
#![allow(dead_code, reason = "each test file is a crate of its own and uses a part of this")]

use std::sync::Arc;
use std::time::Duration;

use cloud_aws::{Aws, Config};
use cloud_sim::SimConfig;
use cloud_sim::aws::Sim;
use cloud_types::{Owner, Region, ScaledClock};

/// How much faster than the wall clock everything runs here.
pub(crate) const SPEED: f64 = 100.0;

/// A simulator without faults.
pub(crate) async fn sim() -> Sim {
    Sim::start(SimConfig { speed: SPEED, ..SimConfig::default() }).await.expect("the simulator starts")
}

/// Settings for a provider on a simulator, on a clock of the same speed, in two regions.
pub(crate) fn config(sim: &Sim) -> Config {
    let regions = ["eu-west-1", "us-east-1"].map(|name| Region::new(name).expect("a region"));
    Config::new()
        .access_key("AKIAEXAMPLE", "any-secret".to_owned())
        .endpoint(sim.url().to_string())
        .regions(regions)
        .clock(Arc::new(ScaledClock::new(SPEED)))
        .deadline(Duration::from_secs(300))
}

/// A provider on a simulator for an owner.
pub(crate) fn provider(sim: &Sim, owner: &str) -> Aws {
    config(sim).owner(Owner::new(owner).expect("a good owner")).build().expect("a provider")
}
