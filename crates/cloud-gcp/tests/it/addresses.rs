//! Reserved addresses: kept by a host as long as it lives, one at a time for each name, and given back by its delete.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use cloud_gcp::Gcp;
use cloud_sim::gcp::Sim;
use cloud_sim::{Fault, FaultRule, SimConfig, When};
use cloud_types::{
    CloudProvider, CloudProviderExt, CostKind, Created, ErrorKind, HostRuntime, HostSpec, HostState, Image, ListHosts,
    Machine, Name, Owner, PublicNetwork, Region, ResourceKind, ScaledClock, StopMode, Wait,
};
use cloud_world::{AddressVersion, Kind};
use futures::TryStreamExt;
use futures::future::join_all;

use crate::simulated;

fn reserving(sim: &Sim) -> Gcp {
    simulated::config(sim).reserved_addresses().owner(Owner::new("mine").unwrap()).build().unwrap()
}

fn spec(name: &str) -> HostSpec {
    let (name, region) = (Name::new(name).unwrap(), Region::new("europe-west1").unwrap());
    HostSpec::new(name, region, Machine::named("e2-small").unwrap(), Image::ubuntu("24.04"))
}

fn wait() -> Wait<'static> {
    Wait::within(Duration::from_secs(900))
}

/// The reserved addresses that are truly there.
fn reserved(sim: &Sim) -> Vec<(String, Option<u64>)> {
    let world = sim.world();
    let kept = world.addresses.iter().filter(|address| !address.auto_delete);
    kept.map(|address| (address.ip.to_string(), address.host)).collect()
}

async fn restarted(gcp: &Gcp, name: &str) -> (Option<Ipv4Addr>, HostRuntime, Option<Ipv4Addr>) {
    let host = gcp.create_and_wait(&spec(name), wait()).await.unwrap();
    gcp.stop_host(&host.id, StopMode::Hard).await.unwrap();
    let stopped = gcp.wait_for_state(&host.id, HostState::Stopped, wait()).await.unwrap();
    gcp.start_host(&host.id).await.unwrap();
    let again = gcp.wait_for_state(&host.id, HostState::Running, wait()).await.unwrap();
    (host.addresses.public_v4, stopped, again.addresses.public_v4)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_keeps_its_reserved_address_and_loses_an_ephemeral_one() {
    let sim = simulated::sim().await;
    let (first, stopped, again) = restarted(&reserving(&sim), "kept").await;
    assert!(first.is_some() && stopped.addresses.public_v4 == first && again == first);
    let (first, stopped, again) = restarted(&simulated::provider(&sim, "mine"), "lost").await;
    assert!(stopped.addresses.public_v4.is_none() && again.is_some() && again != first);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_reserve_addresses_still_deletes_them() {
    let sim = simulated::sim().await;
    let host = reserving(&sim).create_and_wait(&spec("web"), wait()).await.unwrap();
    assert_eq!(reserved(&sim).len(), 1);
    simulated::provider(&sim, "mine").delete_and_wait(&host.id, wait()).await.unwrap();
    assert_eq!(reserved(&sim), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_that_was_cut_off_is_finished_by_a_repeat_or_a_sweep() {
    let sim = simulated::sim().await;
    let gcp = reserving(&sim);
    for name in ["repeated", "swept"] {
        let host = gcp.create_and_wait(&spec(name), wait()).await.unwrap();
        let listed = gcp.sweep().unwrap().list_resources().await.unwrap();
        assert_eq!(listed.iter().filter(|resource| resource.kind == ResourceKind::Address).count(), 1);
        // As if the process had ended between the two.
        let number: u64 = host.id.native().parse().unwrap();
        sim.world().delete_host(number, sim.clock().now()).unwrap();
        gcp.clock().sleep(Duration::from_secs(120)).await;
        assert_eq!(reserved(&sim).len(), 1, "the address has outlived its host");
        match name {
            "repeated" => gcp.delete_host(&host.id).await.unwrap(),
            _ => {
                let all = gcp.sweep().unwrap().list_resources().await.unwrap();
                let [left] = &all[..] else { panic!("{all:?}") };
                assert_eq!(left.kind, ResourceKind::Address);
                gcp.sweep().unwrap().delete_resource(left).await.unwrap();
                gcp.sweep().unwrap().delete_resource(left).await.unwrap();
            }
        }
        assert_eq!(reserved(&sim), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_use_is_not_swept_from_under_its_host() {
    let sim = simulated::sim().await;
    let gcp = reserving(&sim);
    gcp.create_and_wait(&spec("web"), wait()).await.unwrap();
    let all = gcp.sweep().unwrap().list_resources().await.unwrap();
    let address = all.iter().find(|resource| resource.kind == ResourceKind::Address).unwrap();
    let refused = gcp.sweep().unwrap().delete_resource(address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert_eq!(reserved(&sim).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_without_room_gives_its_address_back() {
    let sim = simulated::sim().await;
    let path = Some("/projects/{project}/zones/{zone}/instances".to_owned());
    let (method, fault) = (Some("POST".to_owned()), Fault::NoCapacity(86_400.0));
    sim.inject(FaultRule { fault, method, path, skip: 0, count: Some(3), chance: 1.0 });
    let full = reserving(&sim).create_host(&spec("web")).await.unwrap_err();
    assert_eq!(full.kind(), ErrorKind::NoCapacity);
    assert_eq!(reserved(&sim), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_quota_of_addresses_is_told_as_one() {
    let sim = simulated::sim().await;
    sim.world().fill_quota(Kind::Address, sim.clock().now() + jiff::SignedDuration::from_hours(24));
    let full = reserving(&sim).create_host(&spec("web")).await.unwrap_err();
    assert_eq!((full.kind(), full.operation()), (ErrorKind::QuotaExceeded, Some("create_host")));
    assert!(full.message().contains("STATIC_ADDRESSES"), "{full}");
    assert_eq!(sim.world().hosts.iter().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_leaves_one_address() {
    let sim = simulated::sim().await;
    for (method, path) in [("POST", "/regions/{region}/addresses"), ("POST", "/zones/{zone}/instances")] {
        let path = Some(format!("/projects/{{project}}{path}"));
        let fault = Fault::Status(502, When::After);
        sim.inject(FaultRule { fault, method: Some(method.to_owned()), path, skip: 0, count: Some(1), chance: 1.0 });
    }
    let gcp = reserving(&sim);
    let host = gcp.create_and_wait(&spec("web"), wait()).await.unwrap();
    let [(ip, Some(_))] = &reserved(&sim)[..] else { panic!("one address in use: {:?}", reserved(&sim)) };
    assert_eq!(host.addresses.public_v4.map(|address| address.to_string()).as_ref(), Some(ip));
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_creates_end_with_one_host_and_one_address() {
    for full in 0..4 {
        let sim = simulated::sim().await;
        let path = Some("/projects/{project}/zones/{zone}/instances".to_owned());
        let (method, fault) = (Some("POST".to_owned()), Fault::NoCapacity(3.0));
        sim.inject(FaultRule { fault, method, path, skip: 0, count: Some(full), chance: 1.0 });
        let wish = spec("raced");
        let tasks = (0..6).map(|_| {
            let (gcp, wish) = (reserving(&sim), wish.clone());
            tokio::spawn(async move { gcp.create_host(&wish).await })
        });
        for answer in join_all(tasks).await {
            if let Err(error) = answer.unwrap() {
                assert!(error.is_retryable() || error.kind() == ErrorKind::NoCapacity, "{error}");
            }
        }
        let gcp = reserving(&sim);
        let host = gcp.create_host(&wish).await.unwrap().into_host();
        let there: Vec<HostRuntime> = gcp.hosts(ListHosts::everyone()).try_collect().await.unwrap();
        assert_eq!((there.len(), reserved(&sim).len()), (1, 1), "with {full} refusals: {there:?}");
        gcp.delete_and_wait(&host.id, wait()).await.unwrap();
        assert_eq!(reserved(&sim), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_used_again_while_its_first_host_goes() {
    let sim = simulated::sim().await;
    let gcp = reserving(&sim);
    for _ in 0..3 {
        let host = gcp.create_and_wait(&spec("web"), wait()).await.unwrap();
        let next = async {
            let is_leaving = || sim.world().hosts.iter().all(|host| host.state == cloud_world::HostState::Deleting);
            while !is_leaving() {
                gcp.clock().sleep(Duration::from_secs(1)).await;
            }
            gcp.create_and_wait(&spec("web"), wait()).await.unwrap()
        };
        let (deleted, next) = tokio::join!(gcp.delete_host(&host.id), next);
        deleted.unwrap();
        let [(ip, Some(_))] = &reserved(&sim)[..] else { panic!("one address in use: {:?}", reserved(&sim)) };
        assert_eq!(next.addresses.public_v4.map(|address| address.to_string()).as_ref(), Some(ip));
        gcp.delete_and_wait(&next.id, wait()).await.unwrap();
        assert_eq!(reserved(&sim), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_without_a_public_address_reserves_none() {
    let sim = simulated::sim().await;
    let gcp = reserving(&sim);
    let created = gcp.create_host(&spec("inner").public_network(PublicNetwork::NONE)).await.unwrap();
    assert!(matches!(created, Created::New(_)));
    assert_eq!(reserved(&sim), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_the_name_that_is_not_ours_is_left_alone() {
    let sim = simulated::sim().await;
    let gcp = reserving(&sim);
    let host = gcp.create_and_wait(&spec("web"), wait()).await.unwrap();
    let name = sim.world().addresses.iter().find(|address| !address.auto_delete).map(|address| address.name.clone());
    gcp.delete_and_wait(&host.id, wait()).await.unwrap();
    let now = sim.clock().now();
    sim.world().create_address(&name.unwrap(), AddressVersion::V4, "europe-west1", None, now).unwrap();
    assert_eq!(gcp.create_host(&spec("web")).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    gcp.delete_host(&host.id).await.unwrap();
    assert_eq!(reserved(&sim).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reserved_address_is_billed_while_its_host_is_stopped() {
    // Nothing waits here, and a price list is long: in real time no machine is too busy for it.
    let sim = Sim::start(SimConfig { speed: 1.0, ..SimConfig::default() }).await.unwrap();
    let config = || simulated::config(&sim).clock(Arc::new(ScaledClock::new(1.0)));
    for (config, is_billed) in [(config().reserved_addresses(), true), (config(), false)] {
        let gcp = config.build().unwrap();
        let estimate = gcp.catalog().unwrap().estimate(&spec("web")).await.unwrap();
        let address = estimate.items().iter().find(|item| item.kind == CostKind::Address).unwrap();
        assert_eq!(address.billed_when_stopped, is_billed);
    }
}
