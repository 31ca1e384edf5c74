//! Zones that are chosen: equal wishes meet, a full zone is passed by, and one host is there in the end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cloud_gcp::Gcp;
use cloud_sim::gcp::Sim;
use cloud_sim::{Fault, FaultRule};
use cloud_types::{
    CloudProvider, CloudProviderExt, Created, ErrorKind, HostRuntime, HostSpec, HostState, Image, InboundPort,
    ListHosts, Machine, Name, Region, Result, Wait,
};
use cloud_world::Kind;
use futures::TryStreamExt;
use futures::future::join_all;

use crate::simulated;

fn spec(name: &str) -> HostSpec {
    let (name, region) = (Name::new(name).unwrap(), Region::new("europe-west1").unwrap());
    HostSpec::new(name, region, Machine::named("e2-small").unwrap(), Image::ubuntu("24.04"))
}

/// From now on the next so many inserts find their zone full for so many seconds.
fn fill(sim: &Sim, inserts: u32, seconds: f64) {
    let path = Some("/projects/{project}/zones/{zone}/instances".to_owned());
    let (method, fault) = (Some("POST".to_owned()), Fault::NoCapacity(seconds));
    sim.inject(FaultRule { fault, method, path, skip: 0, count: Some(inserts), chance: 1.0 });
}

async fn all(provider: &Gcp) -> Vec<HostRuntime> {
    provider.hosts(ListHosts::everyone()).try_collect().await.unwrap()
}

async fn race(sim: &Sim, spec: &HostSpec) -> Vec<Result<Created>> {
    let tasks = (0..8).map(|_| {
        let (provider, spec) = (simulated::provider(sim, "mine"), spec.clone());
        tokio::spawn(async move { provider.create_host(&spec).await })
    });
    join_all(tasks).await.into_iter().map(std::result::Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_spread_over_the_zones_of_their_region() {
    let sim = simulated::sim().await;
    let provider = simulated::provider(&sim, "mine");
    let specs: Vec<HostSpec> = (0..12).map(|number| spec(&format!("web-{number}"))).collect();
    for created in join_all(specs.iter().map(|spec| provider.create_host(spec))).await {
        assert!(matches!(created.unwrap(), Created::New(_)));
    }
    let zones: BTreeSet<String> =
        all(&provider).await.iter().map(|host| host.zone.clone().unwrap().to_string()).collect();
    assert!(zones.len() > 1 && zones.iter().all(|zone| zone.starts_with("europe-west1-")), "{zones:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_zone_is_passed_by_and_a_full_region_is_told() {
    let sim = simulated::sim().await;
    let provider = simulated::provider(&sim, "mine");
    fill(&sim, 1, 600.0);
    let host = provider.create_and_wait(&spec("one"), Wait::within(Duration::from_secs(900))).await.unwrap();
    assert_eq!(host.state, HostState::Running);
    fill(&sim, 3, 30.0);
    let full = provider.create_host(&spec("two")).await.unwrap_err();
    assert_eq!(full.kind(), ErrorKind::NoCapacity);
    assert!(full.message().contains("europe-west1-b") && full.message().contains("europe-west1-d"), "{full}");
    assert_eq!(all(&provider).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_creates_end_with_one_host_also_where_zones_fill_up() {
    for full in 0..6 {
        let sim = simulated::sim().await;
        fill(&sim, full, 3.0);
        let wish = spec("raced").inbound(InboundPort::tcp(22).unwrap());
        let answers = race(&sim, &wish).await;
        let provider = simulated::provider(&sim, "mine");
        provider.clock().sleep(Duration::from_secs(120)).await;
        let there = all(&provider).await;
        for answer in answers {
            match answer {
                Ok(created) => assert!(there.iter().any(|host| host.id == created.host().id), "{created:?} {there:?}"),
                Err(error) => assert!(error.is_retryable() || error.kind() == ErrorKind::NoCapacity, "{error}"),
            }
        }
        let again = provider.create_host(&wish).await.unwrap();
        assert_eq!(all(&provider).await.len(), 1, "with {full} refusals");
        provider.delete_host(&again.host().id).await.unwrap();
        provider.clock().sleep(Duration::from_secs(120)).await;
        let left = sim.world().counts();
        let left: Vec<_> = left.iter().filter(|(kind, count)| **kind != Kind::Image && **count > 0).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_spec_in_another_region_is_refused_too() {
    let sim = simulated::sim().await;
    let provider: Arc<dyn CloudProvider> = Arc::new(simulated::provider(&sim, "mine"));
    provider.create_host(&spec("web")).await.unwrap();
    let mut elsewhere = spec("web");
    elsewhere.region = Region::new("us-east1").unwrap();
    assert_eq!(provider.create_host(&elsewhere).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_waiting_hosts_are_asked_about_together() {
    let sim = simulated::sim().await;
    let provider = simulated::provider(&sim, "mine");
    let specs: Vec<HostSpec> = (0..30).map(|number| spec(&format!("web-{number}"))).collect();
    let created = join_all(specs.iter().map(|spec| provider.create_host(spec))).await;
    let ids: Vec<_> = created.into_iter().map(|created| created.unwrap().into_host().id).collect();
    let before = sim.stats().total_calls();
    let waits = ids.iter().map(|id| provider.wait_ready(id, Wait::within(Duration::from_secs(900))));
    for host in join_all(waits).await {
        assert_eq!(host.unwrap().state, HostState::Running);
    }
    let asked = sim.stats().total_calls() - before;
    assert!(asked < 150, "30 hosts that start in some 20 seconds were asked about {asked} times");
}
