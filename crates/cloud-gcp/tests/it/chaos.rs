//! Faults in a fifth of all requests: however creates and deletes go, no host is there twice, none is lost, and nothing of
//! them is left in the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cloud_gcp::{Config, Gcp};
use cloud_sim::gcp::Sim;
use cloud_sim::{RateLimit, SimConfig};
use cloud_types::{
    CloudProvider, DataDisk, ErrorKind, GiB, HostId, HostSpec, Image, InboundPort, Machine, Name, Owner, Region,
    Result, ScaledClock,
};
use cloud_world::Kind;
use futures::stream::{self, StreamExt};

/// Slow enough that a busy machine answers before a call gives up.
const SPEED: f64 = 100.0;
const HOSTS: usize = 120;

fn provider(sim: &Sim, settings: fn(Config) -> Config) -> Gcp {
    let config = Config::new()
        .access_token("any-token")
        .project("my-project")
        .endpoint(format!("{}/compute/v1/", sim.url()))
        .billing_endpoint(sim.url())
        .clock(Arc::new(ScaledClock::new(SPEED)))
        .deadline(Duration::from_secs(900));
    settings(config).owner(Owner::new("mine").unwrap()).build().unwrap()
}

fn spec(number: usize) -> HostSpec {
    let (name, region) = (Name::new(format!("web-{number}")).unwrap(), Region::new("europe-west1").unwrap());
    let spec = HostSpec::new(name, region, Machine::named("e2-small").unwrap(), Image::ubuntu("24.04"));
    match number % 3 {
        0 => spec,
        1 => spec.inbound(InboundPort::tcp(22).unwrap()),
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

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_doubled_lost_or_left_at_a_fifth_of_faults() {
    chaos(std::convert::identity).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reserved_address_is_left_at_a_fifth_of_faults() {
    chaos(Config::reserved_addresses).await;
}

async fn chaos(settings: fn(Config) -> Config) {
    let unlimited = RateLimit { limit: 1_000_000, per_second: 1_000_000.0, initial: None };
    let config = SimConfig { speed: SPEED, faults: 0.2, seed: 7, rate_limit: unlimited, ..SimConfig::default() };
    let sim = Sim::start(config).await.unwrap();
    let provider = provider(&sim, settings);
    let made: Vec<HostId> = stream::iter(0..HOSTS)
        .map(|number| {
            let provider = provider.clone();
            async move {
                let spec = spec(number);
                let created = patiently(provider.clock(), || provider.create_host(&spec)).await;
                created.unwrap_or_else(|error| panic!("web-{number}: {error}")).into_host().id
            }
        })
        .buffer_unordered(24)
        .collect()
        .await;

    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for host in sim.world().hosts.iter() {
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
    let asked = sim.stats();
    assert!(asked.total_faults() > HOSTS as u64, "too few faults to prove anything");
    let left: Vec<(Kind, usize)> = sim.world().counts().into_iter().filter(|(_, count)| *count > 0).collect();
    let left: Vec<_> = left.into_iter().filter(|(kind, _)| *kind != Kind::Image).collect();
    assert!(left.is_empty(), "left: {left:?}");
}
