//! Faults in a fifth of all requests, full zones and races: however creates and deletes go, no host is there twice, none is
//! lost, and nothing of them is left in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use cloud_aws::{Aws, Config};
use cloud_sim::aws::Sim;
use cloud_sim::{Fault, FaultRule, RateLimit, SimConfig};
use cloud_types::{
    CloudProvider, CloudProviderExt, Created, DataDisk, ErrorKind, GiB, HostId, HostRuntime, HostSpec, HostState,
    Image, InboundPort, ListHosts, Machine, Name, Owner, Region, Result, ScaledClock, Wait, Zone,
};
use cloud_world::{Kind, Lag};
use futures::TryStreamExt;
use futures::future::join_all;
use futures::stream::{self, StreamExt};

use crate::simulated;

const FAST: f64 = 300.0;
const HOSTS: usize = 120;
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti me@laptop";

fn spec(name: &str) -> HostSpec {
    let (name, region) = (Name::new(name).unwrap(), Region::new("eu-west-1").unwrap());
    HostSpec::new(name, region, Machine::named("t3.small").unwrap(), Image::ubuntu("24.04"))
}

fn numbered(number: usize) -> HostSpec {
    let spec = spec(&format!("web-{number}"));
    match number % 3 {
        0 => spec,
        1 => spec.inbound(InboundPort::tcp(22).unwrap()).ssh_key(KEY.parse().unwrap()),
        _ => spec.inbound(InboundPort::tcp(443).unwrap()).data_disk(DataDisk::new(GiB(10))),
    }
}

/// Repeats a call as a caller would, a hundred times at most.
async fn patiently<T, F: Future<Output = Result<T>>>(
    clock: &dyn cloud_types::Clock,
    call: impl Fn() -> F,
) -> Result<T> {
    for _ in 0..100 {
        match call().await {
            Err(error) if error.is_retryable() || passes(error.kind()) => clock.sleep(Duration::from_secs(5)).await,
            other => return other,
        }
    }
    call().await
}

fn passes(kind: ErrorKind) -> bool {
    use ErrorKind::{NoCapacity, OutcomeUnknown, QuotaExceeded, Timeout, Unexpected};
    matches!(kind, NoCapacity | OutcomeUnknown | QuotaExceeded | Timeout | Unexpected)
}

/// What is there besides images, which every account has.
fn left(sim: &Sim) -> Vec<(Kind, usize)> {
    sim.world().counts().into_iter().filter(|(kind, count)| *count > 0 && *kind != Kind::Image).collect()
}

/// From now on the next so many launches find their zone full for so many seconds.
fn fill(sim: &Sim, launches: u32, seconds: f64) {
    let (path, fault) = (Some("RunInstances".to_owned()), Fault::NoCapacity(seconds));
    sim.inject(FaultRule { fault, method: None, path, skip: 0, count: Some(launches), chance: 1.0 });
}

/// All hosts that are to stay, once nothing is shown late any more.
async fn all(provider: &Aws) -> Vec<HostRuntime> {
    provider.clock().sleep(Duration::from_secs(20)).await;
    let mut hosts: Vec<HostRuntime> = provider.hosts(ListHosts::everyone()).try_collect().await.unwrap();
    hosts.retain(|host| host.state != HostState::Deleting);
    hosts
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_doubled_lost_or_left_at_a_fifth_of_faults() {
    let unlimited = RateLimit { limit: 1_000_000, per_second: 1_000_000.0, initial: None };
    let lag = Lag { create: Duration::from_secs(4), delete: Duration::from_secs(4), chance: 0.2 };
    let config = SimConfig { speed: FAST, faults: 0.2, seed: 7, rate_limit: unlimited, lag, ..SimConfig::default() };
    let sim = Sim::start(config).await.unwrap();
    let provider = Config::new()
        .access_key("AKIAEXAMPLE", "any-secret".to_owned())
        .endpoint(sim.url().to_string())
        .regions([Region::new("eu-west-1").unwrap()])
        .clock(Arc::new(ScaledClock::new(FAST)))
        .deadline(Duration::from_secs(900))
        .owner(Owner::new("mine").unwrap());
    let provider = provider.build().unwrap();
    let made: Vec<HostId> = stream::iter(0..HOSTS)
        .map(|number| {
            let provider = provider.clone();
            async move {
                let spec = numbered(number);
                let created = patiently(provider.clock(), || provider.create_host(&spec)).await;
                created.unwrap_or_else(|error| panic!("web-{number}: {error}")).into_host().id
            }
        })
        .buffer_unordered(24)
        .collect()
        .await;

    provider.clock().sleep(Duration::from_secs(60)).await;
    // By what the provider is told, since names are tags, of which the world knows nothing.
    let hosts =
        patiently(provider.clock(), || provider.hosts(ListHosts::mine()).try_collect::<Vec<_>>()).await.unwrap();
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for host in hosts.iter().filter(|host| host.state != HostState::Deleting) {
        *names.entry(host.name.clone()).or_default() += 1;
    }
    assert_eq!(names.len(), HOSTS, "each host is there");
    assert!(names.values().all(|count| *count == 1), "no host is there twice: {names:?}");

    stream::iter(made)
        .for_each_concurrent(24, |id| {
            let provider = provider.clone();
            async move {
                let deleted = patiently(provider.clock(), || provider.delete_host(&id)).await;
                deleted.unwrap_or_else(|error| panic!("{id}: {error}"));
            }
        })
        .await;
    provider.clock().sleep(Duration::from_secs(300)).await;
    assert!(sim.stats().total_faults() > HOSTS as u64, "too few faults to prove anything");
    assert!(left(&sim).is_empty(), "left: {:?}", left(&sim));
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
    assert!(zones.len() > 1 && zones.iter().all(|zone| zone.starts_with("eu-west-1")), "{zones:?}");
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
    assert!(full.message().contains("eu-west-1a") && full.message().contains("eu-west-1c"), "{full}");
    assert_eq!(all(&provider).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_found_no_room_can_be_repeated_at_once_by_anybody() {
    let sim = simulated::sim().await;
    let provider = simulated::provider(&sim, "mine");
    for machine in ["t3.small", "t3.medium"] {
        fill(&sim, 3, 5.0);
        let mut wish = spec("web");
        wish.machine = Machine::named(machine).unwrap();
        assert_eq!(provider.create_host(&wish).await.unwrap_err().kind(), ErrorKind::NoCapacity);
    }
    provider.clock().sleep(Duration::from_secs(30)).await;
    let other = simulated::provider(&sim, "mine");
    for provider in [provider, other] {
        let created = provider.create_host(&spec("web")).await.unwrap();
        assert!(matches!(created, Created::New(_)), "{created:?}");
        provider.delete_host(&created.host().id).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_creates_in_several_zones_and_regions_leave_one_host() {
    let sim = simulated::sim().await;
    let places = [("eu-west-1", "eu-west-1a"), ("eu-west-1", "eu-west-1b"), ("us-east-1", "us-east-1a")];
    let tasks = places.map(|(region, zone)| {
        let (provider, mut wish) = (simulated::provider(&sim, "mine"), spec("raced"));
        (wish.region, wish.zone) = (Region::new(region).unwrap(), Some(Zone::new(zone).unwrap()));
        tokio::spawn(async move { provider.create_host(&wish).await })
    });
    let answers: Vec<Result<Created>> = join_all(tasks).await.into_iter().map(std::result::Result::unwrap).collect();
    let provider = simulated::provider(&sim, "mine");
    provider.clock().sleep(Duration::from_secs(120)).await;
    let there = all(&provider).await;
    assert_eq!(there.len(), 1, "{answers:?}");
    for answer in answers {
        match answer {
            Ok(created) => assert_eq!(created.host().id, there[0].id),
            Err(error) => assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_being_deleted_is_not_taken_for_the_new_one() {
    let sim = simulated::sim().await;
    let provider = simulated::provider(&sim, "mine");
    for _ in 0..8 {
        let old = provider.create_host(&spec("web")).await.unwrap().into_host();
        // Seen by all, so that the deletion is what is shown late.
        provider.clock().sleep(Duration::from_secs(30)).await;
        provider.delete_host(&old.id).await.unwrap();
        let created = simulated::provider(&sim, "mine").create_host(&spec("web")).await.unwrap();
        assert!(matches!(created, Created::New(_)), "{created:?}");
        provider.delete_host(&created.host().id).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_creates_end_with_one_host_also_where_zones_fill_up() {
    for full in 0..6 {
        let sim = simulated::sim().await;
        fill(&sim, full, 3.0);
        let wish = spec("raced").inbound(InboundPort::tcp(22).unwrap()).ssh_key(KEY.parse().unwrap());
        let tasks = (0..8).map(|_| {
            let (provider, wish) = (simulated::provider(&sim, "mine"), wish.clone());
            tokio::spawn(async move { provider.create_host(&wish).await })
        });
        let answers: Vec<Result<Created>> =
            join_all(tasks).await.into_iter().map(std::result::Result::unwrap).collect();
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
        assert!(left(&sim).is_empty(), "with {full} refusals left: {:?}", left(&sim));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_creates_leave_one_data_disk_that_is_kept() {
    for full in [0, 2, 4] {
        let sim = simulated::sim().await;
        fill(&sim, full, 3.0);
        let wish = spec("raced").data_disk(DataDisk::new(GiB(10)).keep());
        let tasks = (0..6).map(|_| {
            let (provider, wish) = (simulated::provider(&sim, "mine"), wish.clone());
            tokio::spawn(async move { provider.create_host(&wish).await })
        });
        join_all(tasks).await;
        let provider = simulated::provider(&sim, "mine");
        provider.create_host(&wish).await.unwrap();
        provider.clock().sleep(Duration::from_secs(120)).await;
        let disks = provider.volumes().unwrap().list_volumes().await.unwrap();
        assert_eq!((all(&provider).await.len(), disks.len()), (1, 1), "with {full} refusals: {disks:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_disk_goes_to_the_next_host_though_the_last_one_is_just_going() {
    let sim = simulated::sim().await;
    let provider = simulated::provider(&sim, "mine");
    let wish = spec("heir").data_disk(DataDisk::new(GiB(10)).keep());
    let first = provider.create_and_wait(&wish, Wait::within(Duration::from_secs(900))).await.unwrap();
    let before = provider.volumes().unwrap().list_volumes().await.unwrap();
    provider.delete_host(&first.id).await.unwrap();
    let next = provider.create_host(&wish).await.unwrap().into_host();
    let after = provider.volumes().unwrap().list_volumes().await.unwrap();
    assert_eq!(after.len(), 1, "{after:?}");
    assert_eq!((&after[0].id, after[0].host.as_ref()), (&before[0].id, Some(&next.id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_spec_in_another_region_is_refused_too() {
    let sim = simulated::sim().await;
    let provider = simulated::provider(&sim, "mine");
    provider.create_host(&spec("web")).await.unwrap();
    let mut elsewhere = spec("web");
    elsewhere.region = Region::new("us-east-1").unwrap();
    assert_eq!(provider.create_host(&elsewhere).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_all_regions_and_no_others() {
    let sim = simulated::sim().await;
    let provider = simulated::provider(&sim, "mine");
    for (name, region) in [("one", "eu-west-1"), ("two", "us-east-1")] {
        let mut spec = spec(name);
        spec.region = Region::new(region).unwrap();
        provider.create_host(&spec).await.unwrap();
    }
    let mut regions: Vec<String> = all(&provider).await.iter().map(|host| host.region.to_string()).collect();
    regions.sort_unstable();
    assert_eq!(regions, ["eu-west-1", "us-east-1"]);
    let everywhere = simulated::config(&sim).regions([]).owner(Owner::new("mine").unwrap()).build().unwrap();
    let mut far = spec("far");
    far.region = Region::new("ap-southeast-1").unwrap();
    everywhere.create_host(&far).await.unwrap();
    assert_eq!(all(&everywhere).await.len(), 3, "without named regions all are looked through");
    assert_eq!(all(&provider).await.len(), 2);
    let mut elsewhere = spec("three");
    elsewhere.region = Region::new("us-west-2").unwrap();
    let refused = provider.create_host(&elsewhere).await.unwrap_err();
    assert_eq!(refused.field(), Some("region"), "{refused}");
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
    assert!(asked < 60, "30 hosts that start in some 10 seconds were asked about {asked} times");
}
