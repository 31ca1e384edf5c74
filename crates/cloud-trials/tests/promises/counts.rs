//! What neither a behaviour nor chaos counts: how long an operation may take, and how many calls many waiters cost.

use std::sync::Arc;
use std::time::Duration;

use cloud_local::{Config, Fault, FaultKind, Operation};
use cloud_sim::{Fault as Trouble, FaultRule, SimConfig, When};
use cloud_types::{Clock, CloudProvider, CloudProviderExt, HostId, Name, ScaledClock, Wait};
use futures::future::join_all;

use crate::stage::{FAST, Simulator};

/// Whether an operation whose answer takes half a day ends within two hours.
pub(crate) fn an_operation_without_an_answer_ends() -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let clock = Arc::new(ScaledClock::new(1.0));
        let local = Config::default().clock(clock.clone()).build().unwrap();
        local.inject(Fault::new(FaultKind::Slow(Duration::from_secs(12 * 3600)), Operation::GetHost));
        let begun = clock.monotonic();
        let failed = local.get_host(&HostId::new("1")).await.is_err();
        failed && clock.monotonic() - begun < Duration::from_secs(2 * 3600)
    })
}

/// Whether many who need the catalog while it cannot be read cost little more than one of them.
pub(crate) fn many_who_wait_for_a_read_that_fails_cost_few_calls() -> bool {
    on_a_simulator(async |simulator| {
        let down = Trouble::Status(500, When::Before);
        let (method, path) = (Some("GET".to_owned()), Some("/server_types".to_owned()));
        simulator.sim.inject(FaultRule { fault: down, method, path, skip: 0, count: None, chance: 1.0 });
        let catalog = simulator.provider.catalog().unwrap();
        assert!(catalog.regions().await.is_err());
        let one = simulator.sim.stats().total_calls();
        assert!(join_all((0..MANY).map(|_| catalog.regions())).await.iter().all(Result::is_err));
        let all = simulator.sim.stats().total_calls() - one;
        all <= 3 * one
    })
}

/// Whether many who wait for their hosts cost fewer calls than one each at every look.
pub(crate) fn many_who_wait_for_hosts_share_their_calls() -> bool {
    on_a_simulator(async |simulator| {
        let provider = &simulator.provider;
        let wait = || Wait::within(Duration::from_secs(600));
        let names = (0..MANY).map(|number| Name::new(format!("web-{number}")).unwrap());
        let specs: Vec<_> = names.map(|name| Simulator::spec(&name)).collect();
        let made = join_all(specs.iter().map(|spec| provider.create_host(spec))).await;
        let before = simulator.sim.stats().total_calls();
        let ids: Vec<HostId> = made.into_iter().map(|created| created.unwrap().into_host().id).collect();
        let ready = join_all(ids.iter().map(|id| provider.wait_ready(id, wait()))).await;
        assert!(ready.iter().all(Result::is_ok));
        simulator.sim.stats().total_calls() - before < MANY
    })
}

fn on_a_simulator(work: impl AsyncFnOnce(Simulator) -> bool) -> bool {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async { work(Simulator::start(FAST, SimConfig::default()).await).await })
}

const MANY: u64 = 40;
