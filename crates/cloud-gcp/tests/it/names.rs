//! One name, one host: also where lists lag, where the makers are in different regions, and where one of them crashed.

use std::sync::Arc;
use std::time::Duration;

use cloud_gcp::Gcp;
use cloud_sim::SimConfig;
use cloud_sim::gcp::Sim;
use cloud_types::{
    CloudProvider, Created, DataDisk, ErrorKind, GiB, HostId, HostSpec, Image, Machine, Name, Owner, Region, Result,
    ScaledClock,
};
use cloud_world::{Lag, Timings};

use crate::simulated;

/// A simulator that decides about a create before its lists show it.
async fn lagging() -> Sim {
    let lag = Lag { create: Duration::from_secs(4), delete: Duration::ZERO, chance: 1.0 };
    let timings = Some(Timings { create: Duration::from_millis(500), ..Timings::usual() });
    Sim::start(SimConfig { speed: SPEED, lag, timings, ..SimConfig::default() }).await.unwrap()
}

/// Slow enough that an answer takes no notable simulated time, also on a busy machine.
const SPEED: f64 = 20.0;

fn provider(sim: &Sim) -> Gcp {
    simulated::config(sim).owner(Owner::new("mine").unwrap()).clock(Arc::new(ScaledClock::new(SPEED))).build().unwrap()
}

/// A create whose maker crashes as soon as there are so many hosts.
async fn crashing(sim: &Sim, provider: &Gcp, hosts: usize, region: &str) {
    let crash = async {
        while sim.world().hosts.len() < hosts {
            provider.clock().sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        created = later(provider, 0.0, region) => panic!("it was too quick to crash: {created:?}"),
        () = crash => {}
    }
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

/// The numbers of the hosts that are there.
fn there(sim: &Sim) -> Vec<String> {
    sim.world().hosts.iter().map(|host| host.id.to_string()).collect()
}

fn number(id: &HostId) -> String {
    id.as_str().rsplit('/').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_regions_that_race_for_a_name_the_first_has_it() {
    for gap in [0.0, 0.2, 0.5, 1.0, 2.0] {
        let sim = lagging().await;
        let (one, other) = (provider(&sim), provider(&sim));
        let both = [later(&one, 0.0, "europe-west1"), later(&other, gap, "us-east1")];
        let (mut won, mut refused) = (Vec::new(), 0);
        for answer in futures::future::join_all(both).await {
            match answer {
                Ok(created) => won.push(number(&created.host().id)),
                Err(error) => refused += usize::from(error.kind() == ErrorKind::AlreadyExists),
            }
        }
        assert_eq!((won.len(), refused), (1, 1), "{gap} seconds apart");
        assert_eq!(there(&sim), won, "{gap} seconds apart");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_younger_host_whose_maker_crashed_goes_too() {
    let sim = lagging().await;
    // Both are there before it begins: making one takes longer than the lag on a busy machine.
    let (one, other) = (provider(&sim), provider(&sim));
    let crashed = async {
        while sim.world().hosts.is_empty() {
            one.clock().sleep(Duration::from_millis(100)).await;
        }
        crashing(&sim, &other, 2, "us-east1").await;
    };
    let (created, ()) = futures::join!(later(&one, 0.0, "europe-west1"), crashed);
    assert_eq!(there(&sim), [number(&created.unwrap().host().id)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_host_whose_maker_crashed_stays_and_a_repeat_adopts_it() {
    let sim = lagging().await;
    crashing(&sim, &provider(&sim), 1, "us-east1").await;
    let one = provider(&sim);
    let refused = one.create_host(&spec("europe-west1")).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::AlreadyExists);
    let adopted = one.create_host(&spec("us-east1")).await.unwrap();
    assert!(matches!(adopted, Created::Existing(_)), "{adopted:?}");
    assert_eq!(there(&sim), [number(&adopted.host().id)]);
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
    assert_eq!(there(&sim), [number(&again.host().id)]);
}
