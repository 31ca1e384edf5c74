//! Testing your own code against a provider's HTTP API without the provider: the simulator starts within the test.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::sync::Arc;
use std::time::Duration;

use cloud::{
    CloudProvider, CloudProviderExt, HostRuntime, HostSpec, Image, Machine, Name, Region, ScaledClock, Wait, hetzner,
};
use cloud_sim::{Fault, FaultRule, SimConfig};

/// The code under test: it knows no simulator, and any provider will do.
async fn deploy(provider: &dyn CloudProvider) -> cloud::Result<HostRuntime> {
    let name = Name::new("web-1")?;
    let spec = HostSpec::new(name, Region::new("fsn1")?, Machine::named("cx23")?, Image::ubuntu("24.04"));
    provider.create_and_wait(&spec, Wait::within(Duration::from_secs(60))).await
}

/// In your crate this is a `#[tokio::test]`.
async fn a_lost_answer_deploys_one_host() {
    let config = SimConfig { speed: SPEED, ..SimConfig::default() };
    let sim = cloud_sim::hetzner::Sim::start(config).await.expect("a free port");
    sim.inject(FaultRule::once(Fault::AnswerLost, "POST", "/servers"));

    let endpoint = format!("{}/v1", sim.url());
    // Both sides run a hundred times as fast: the simulator's changes and the client's waits.
    let clock = Arc::new(ScaledClock::new(SPEED));
    let provider = hetzner::Config::new("any").endpoint(endpoint).clock(clock).build().expect("valid settings");
    let host = deploy(&provider).await.expect("a lost answer is no reason to fail");
    println!("{} is {} with id {}", host.name, host.state, host.id);

    // What counts is what the other side has, not what the client believes.
    assert_eq!(sim.world().hosts.iter().count(), 1, "the create was sent again without looking first");
    println!("The simulator has one server, after these requests and faults: {:?}", sim.stats());

    provider.delete_and_wait(&host.id, Wait::within(Duration::from_secs(60))).await.expect("deleted");
    println!("Left behind: {:?}", sim.world().counts());
}

const SPEED: f64 = 100.0;

#[tokio::main]
async fn main() {
    a_lost_answer_deploys_one_host().await;
}
