//! Spot hosts that are taken away: told from stopped ones, at the price of one call.

use std::time::Duration;

use cloud_gcp::Gcp;
use cloud_sim::gcp::Sim;
use cloud_types::{
    CloudProvider, CloudProviderExt, Created, ErrorKind, HostRuntime, HostSpec, HostState, Image, ListHosts, Machine,
    Name, Pricing, Region, StopMode, Wait,
};

use crate::simulated;

fn spec(name: &str) -> HostSpec {
    let (name, region) = (Name::new(name).unwrap(), Region::new("europe-west1").unwrap());
    HostSpec::new(name, region, Machine::named("e2-small").unwrap(), Image::ubuntu("24.04")).pricing(Pricing::Spot)
}

fn wait() -> Wait<'static> {
    Wait::within(Duration::from_secs(900))
}

fn take_away(sim: &Sim, host: &HostRuntime) {
    let now = sim.clock().now();
    let mut world = sim.world();
    let number = world.hosts.iter().find(|one| one.name == host.name).map(|one| one.id).unwrap();
    world.preempt_host(number, now).unwrap();
}

async fn state(gcp: &Gcp, host: &HostRuntime) -> HostState {
    gcp.get_host(&host.id).await.unwrap().state
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spot_host_that_was_taken_away_is_preempted_until_it_is_started() {
    let sim = simulated::sim().await;
    let gcp = simulated::provider(&sim, "mine");
    let host = gcp.create_and_wait(&spec("spot"), wait()).await.unwrap();
    for _ in 0..2 {
        gcp.clock().sleep(Duration::from_secs(5)).await;
        take_away(&sim, &host);
        assert_eq!(state(&gcp, &host).await, HostState::Preempted);
        assert_eq!(state(&simulated::provider(&sim, "mine"), &host).await, HostState::Preempted);
        let listed = gcp.list_hosts(&ListHosts::mine()).await.unwrap();
        assert_eq!(listed.hosts[0].state, HostState::Preempted);
        let again = gcp.create_host(&spec("spot")).await.unwrap();
        assert!(matches!(&again, Created::Existing(host) if host.state == HostState::Preempted), "{again:?}");
        let waited = gcp.wait_for_state(&host.id, HostState::Running, wait()).await.unwrap_err();
        assert_eq!(waited.kind(), ErrorKind::Conflict);

        gcp.start_host(&host.id).await.unwrap();
        gcp.wait_for_state(&host.id, HostState::Running, wait()).await.unwrap();
    }
    gcp.delete_and_wait(&host.id, wait()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spot_host_that_its_owner_stops_later_is_stopped() {
    let sim = simulated::sim().await;
    let gcp = simulated::provider(&sim, "mine");
    let host = gcp.create_and_wait(&spec("spot"), wait()).await.unwrap();
    gcp.clock().sleep(Duration::from_secs(5)).await;
    take_away(&sim, &host);
    assert_eq!(state(&gcp, &host).await, HostState::Preempted);
    gcp.start_host(&host.id).await.unwrap();
    gcp.wait_for_state(&host.id, HostState::Running, wait()).await.unwrap();
    gcp.stop_host(&host.id, StopMode::Hard).await.unwrap();
    gcp.wait_for_state(&host.id, HostState::Stopped, wait()).await.unwrap();
    assert_eq!(state(&simulated::provider(&sim, "mine"), &host).await, HostState::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_a_host_is_asked_once_and_of_spot_hosts_alone() {
    let sim = simulated::sim().await;
    let gcp = simulated::provider(&sim, "mine");
    let plain = gcp.create_and_wait(&spec("plain").pricing(Pricing::OnDemand), wait()).await.unwrap();
    let (taken, stopped) = (
        gcp.create_and_wait(&spec("taken"), wait()).await.unwrap(),
        gcp.create_and_wait(&spec("stopped"), wait()).await.unwrap(),
    );
    for host in [&plain, &stopped] {
        gcp.stop_host(&host.id, StopMode::Hard).await.unwrap();
    }
    gcp.clock().sleep(Duration::from_secs(60)).await;
    take_away(&sim, &taken);

    let calls = async |host: &HostRuntime| {
        let before = sim.stats().total_calls();
        let state = state(&gcp, host).await;
        (state, sim.stats().total_calls() - before)
    };
    assert_eq!(calls(&plain).await, (HostState::Stopped, 1));
    for (host, state) in [(&taken, HostState::Preempted), (&stopped, HostState::Stopped)] {
        assert_eq!(calls(host).await, (state.clone(), 2));
        assert_eq!(calls(host).await, (state, 1));
    }
}
