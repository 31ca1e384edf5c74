//! Many creates and deletes at once where much goes wrong: what counts is what is there in the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cloud_types::clock::within;
use cloud_types::{
    Ability, CloudProvider, CloudProviderExt, DataDisk, Error, ErrorKind, HostId, HostSpec, InboundPort, ListHosts,
    Name, Result,
};
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::Backend;

/// How many hosts are made and deleted, and how. The faults are the backend's own: it is made with them.
#[derive(Debug, Clone, Copy)]
pub struct Chaos {
    /// How many hosts.
    pub hosts: usize,
    /// How many calls run at once.
    pub at_once: usize,
    /// Where the chance of dropped calls starts.
    pub seed: u64,
    /// How long the account is left alone before what remains is counted, on the provider's clock.
    pub rest: Duration,
    /// Kinds that the account may hold in the end, such as stock images.
    pub may_stay: &'static [&'static str],
}

impl Default for Chaos {
    /// 120 hosts, 24 at once, seed 7, five minutes' rest, nothing may stay.
    fn default() -> Self {
        Self { hosts: 120, at_once: 24, seed: 7, rest: Duration::from_secs(300), may_stay: &[] }
    }
}

impl Chaos {
    /// Makes the hosts from two processes that each try to make every host, where some calls are dropped on the way, and
    /// deletes them. No host may be there twice or be lost, and nothing may be left.
    ///
    /// # Panics
    /// Where that is not so, with what was seen; and where too few faults were met to prove anything.
    pub async fn run(self, backend: &dyn Backend) {
        let processes = [backend.provider(), backend.other_process().await];
        let specs: Vec<HostSpec> = (0..self.hosts).map(|number| spec(backend, &*processes[0], number)).collect();
        let tasks = (0..self.hosts * 2).map(|task| {
            let (provider, spec) = (Arc::clone(&processes[task % 2]), &specs[task / 2]);
            make(provider, spec, fastrand::Rng::with_seed(self.seed ^ (task as u64) << 32))
        });
        let made: Vec<HostId> = stream::iter(tasks).buffer_unordered(self.at_once).collect().await;

        let clock = processes[0].clock();
        // What lost a race may be on its way out.
        clock.sleep(self.rest).await;
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for name in backend.host_names().await.expect("the account can be looked at") {
            *names.entry(name).or_default() += 1;
        }
        assert_eq!(names.len(), self.hosts, "each host is there");
        assert!(names.values().all(|count| *count == 1), "no host is there twice: {names:?}");

        let provider = &*processes[0];
        let listed = patiently(provider, || provider.hosts(ListHosts::mine()).try_collect::<Vec<_>>()).await;
        assert_eq!(listed.expect("hosts can be listed").len(), self.hosts, "each host is listed");
        let deletes = made.iter().map(async |id| {
            let deleted = patiently(provider, || provider.delete_host(id)).await;
            deleted.unwrap_or_else(|error| panic!("{id} is deleted in the end: {error}"));
        });
        stream::iter(deletes).buffer_unordered(self.at_once).collect::<Vec<()>>().await;
        clock.sleep(self.rest).await;
        let faults = backend.faults_met();
        assert!(faults > 2 * self.hosts as u64, "{faults} faults are too few to prove anything");
        let mut left = backend.left_behind().await.expect("the account can be counted");
        left.retain(|kind, count| *count > 0 && !self.may_stay.contains(&kind.as_str()));
        assert!(left.is_empty(), "left: {left:?}");
    }
}

/// Creates a host as a caller does that is cut off by chance and tries again.
async fn make(provider: Arc<dyn CloudProvider>, spec: &HostSpec, mut random: fastrand::Rng) -> HostId {
    while random.bool() {
        let cut = LONGEST_CUT.mul_f64(random.f64());
        if let Some(Ok(created)) = within(provider.clock(), cut, provider.create_host(spec)).await {
            return created.into_host().id;
        }
    }
    let created = patiently(&*provider, || provider.create_host(spec)).await;
    created.unwrap_or_else(|error| panic!("{} is there in the end: {error}", spec.name)).into_host().id
}

/// A third plain, a third with a firewall, a third with a firewall and a data disk, as far as the provider has them.
fn spec(backend: &dyn Backend, provider: &dyn CloudProvider, number: usize) -> HostSpec {
    let mut spec = backend.spec(&Name::new(format!("web-{number}")).expect("a word and a number make a name"));
    let claims = provider.capabilities();
    let port = [None, Some(22), Some(443)][number % 3];
    if let Some(port) = port.filter(|_| claims.can(Ability::InboundPorts)) {
        spec = spec.inbound(InboundPort::tcp(port).expect("a port"));
    }
    if number % 3 == 2 && claims.can(Ability::DataDisk) {
        spec = spec.data_disk(DataDisk::new(*claims.data_disk.start()));
    }
    spec
}

/// Repeats a call as a caller would, a hundred times at most.
async fn patiently<T, F: Future<Output = Result<T>>>(provider: &dyn CloudProvider, call: impl Fn() -> F) -> Result<T> {
    for _ in 0..REPEATS {
        match call().await {
            Err(error) if passes(&error) => provider.clock().sleep(PAUSE).await,
            other => return other,
        }
    }
    call().await
}

fn passes(error: &Error) -> bool {
    use ErrorKind::{NoCapacity, OutcomeUnknown, QuotaExceeded, Timeout, Unexpected};
    error.is_retryable() || matches!(error.kind(), NoCapacity | OutcomeUnknown | QuotaExceeded | Timeout | Unexpected)
}

const REPEATS: u32 = 100;
const PAUSE: Duration = Duration::from_secs(5);
const LONGEST_CUT: Duration = Duration::from_secs(5);
