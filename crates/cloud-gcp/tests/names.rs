//! One name, one host: also where lists lag, where the makers are in different regions, and where one of them crashed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod simulated;

use std::time::Duration;

use cloud_gcp::Gcp;
use cloud_sim::SimConfig;
use cloud_sim::gcp::Sim;
use cloud_types::clock::within;
use cloud_types::{
    CloudProvider, Created, DataDisk, ErrorKind, GiB, HostId, HostSpec, Image, Machine, Name, Region, Result,
};
use cloud_world::{Lag, Timings};

/// A simulator that decides about a create before its lists show it.
async fn lagging() -> Sim {
    let lag = Lag { create: Duration::from_secs(4), delete: Duration::ZERO, chance: 1.0 };
    let timings = Some(Timings { create: Duration::from_millis(500), ..Timings::usual() });
    Sim::start(SimConfig { speed: simulated::SPEED, lag, timings, ..SimConfig::default() }).await.unwrap()
}

fn spec(region: &str) -> HostSpec {
    let (name, region) = (Name::new("web").unwrap(), Region::new(region).unwrap());
    HostSpec::new(name, region, Machine::named("e2-small").unwrap(), Image::ubuntu("24.04"))
}

/// A create that begins after so many seconds.
async fn later(provider: &Gcp, seconds: f64, region: &str) -> Result<Created> {
    provider.clock().sleep(Duration::from_secs_f64(seconds)).await;
    provider.create_host(&spec(region)).await
}

/// The numbers of the hosts that are there once all that goes is gone.
async fn there(sim: &Sim, provider: &Gcp) -> Vec<String> {
    provider.clock().sleep(Duration::from_secs(120)).await;
    sim.world().hosts.iter().map(|host| host.id.to_string()).collect()
}

fn number(id: &HostId) -> String {
    id.as_str().rsplit('/').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_regions_that_race_for_a_name_the_first_has_it() {
    for gap in [0.0, 0.2, 0.5, 1.0, 2.0] {
        let sim = lagging().await;
        let (one, other) = (simulated::provider(&sim, "mine"), simulated::provider(&sim, "mine"));
        let both = [later(&one, 0.0, "europe-west1"), later(&other, gap, "us-east1")];
        let (mut won, mut refused) = (Vec::new(), 0);
        for answer in futures::future::join_all(both).await {
            match answer {
                Ok(created) => won.push(number(&created.host().id)),
                Err(error) => refused += usize::from(error.kind() == ErrorKind::AlreadyExists),
            }
        }
        assert_eq!((won.len(), refused), (1, 1), "{gap} seconds apart");
        assert_eq!(there(&sim, &one).await, won, "{gap} seconds apart");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_younger_host_whose_maker_crashed_goes_too() {
    let sim = lagging().await;
    let (one, crashed) = (simulated::provider(&sim, "mine"), simulated::provider(&sim, "mine"));
    let crash = within(one.clock(), Duration::from_secs(4), later(&crashed, 1.0, "us-east1"));
    let (created, crash) = futures::join!(later(&one, 0.0, "europe-west1"), crash);
    assert!(crash.is_none(), "it was too quick to crash: {crash:?}");
    assert_eq!(there(&sim, &one).await, [number(&created.unwrap().host().id)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_host_whose_maker_crashed_stays_and_a_repeat_adopts_it() {
    let sim = lagging().await;
    let (one, crashed) = (simulated::provider(&sim, "mine"), simulated::provider(&sim, "mine"));
    let crash = within(one.clock(), Duration::from_secs(3), later(&crashed, 0.0, "us-east1"));
    let (refused, crash) = futures::join!(later(&one, 1.0, "europe-west1"), crash);
    assert!(crash.is_none(), "it was too quick to crash: {crash:?}");
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::AlreadyExists);
    let adopted = one.create_host(&spec("us-east1")).await.unwrap();
    assert!(matches!(adopted, Created::Existing(_)), "{adopted:?}");
    assert_eq!(there(&sim, &one).await, [number(&adopted.host().id)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_made_again_while_the_old_one_and_its_data_disk_go() {
    let sim = simulated::sim().await;
    let provider = simulated::provider(&sim, "mine");
    let wish = spec("europe-west1").data_disk(DataDisk::new(GiB(10)));
    let old = provider.create_host(&wish).await.unwrap().into_host();
    provider.clock().sleep(Duration::from_secs(60)).await;
    provider.delete_host(&old.id).await.unwrap();
    let again = provider.create_host(&wish).await.unwrap();
    assert!(matches!(again, Created::New(_)), "{again:?}");
    assert_eq!(there(&sim, &provider).await, [number(&again.host().id)]);
}
