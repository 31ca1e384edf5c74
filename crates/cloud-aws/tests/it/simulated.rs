//! A simulator and providers on it.

use std::sync::Arc;
use std::time::Duration;

use cloud_aws::{Aws, Config};
use cloud_sim::SimConfig;
use cloud_sim::aws::Sim;
use cloud_types::{Owner, Region, ScaledClock};
use cloud_world::Lag;

/// How much faster than the wall clock everything runs here.
pub(crate) const SPEED: f64 = 100.0;

/// A simulator without faults, half of whose changes are shown late: EC2 is eventually consistent.
pub(crate) async fn sim() -> Sim {
    let lag = Lag { create: Duration::from_secs(4), delete: Duration::from_secs(4), chance: 0.5 };
    Sim::start(SimConfig { speed: SPEED, lag, ..SimConfig::default() }).await.expect("the simulator starts")
}

/// Settings for a provider on a simulator, on a clock of the same speed, in two regions, whose subnets have IPv6 addresses.
pub(crate) fn config(sim: &Sim) -> Config {
    let regions = ["eu-west-1", "us-east-1"].map(|name| Region::new(name).expect("a region"));
    Config::new()
        .access_key("AKIAEXAMPLE", "any-secret".to_owned())
        .endpoint(sim.url().to_string())
        .regions(regions)
        .with_ipv6()
        .clock(Arc::new(ScaledClock::new(SPEED)))
        .deadline(Duration::from_secs(300))
}

/// A provider on a simulator for an owner.
pub(crate) fn provider(sim: &Sim, owner: &str) -> Aws {
    config(sim).owner(Owner::new(owner).expect("a good owner")).build().expect("a provider")
}
