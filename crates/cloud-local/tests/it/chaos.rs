//! Many tasks at once on one account where everything goes wrong: what counts is what is there in the end.

use std::sync::Arc;
use std::time::Duration;

use cloud_local::{Config, Local};
use cloud_types::{CloudProvider, CloudProviderExt, DataDisk, GiB, HostSpec, InboundPort, ListHosts, ScaledClock};
use futures::TryStreamExt;

use crate::common::spec;

const NAMES: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_races_and_dropped_futures_neither_double_nor_lose_nor_leave_anything() {
    for seed in 1..=3 {
        let clock = Arc::new(ScaledClock::new(50.0));
        // Said after the faults, the lag is certain: every change is seen late.
        let config = Config::default().clock(clock).seed(seed).faults(0.2).lag(Duration::from_secs(1));
        let local = config.build().unwrap();
        let tasks: Vec<_> = (0..NAMES * 2)
            .map(|task| tokio::spawn(create_in_the_end(local.another_process(), task as u64 * 31 + seed, task / 2)))
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        local.set_faults(0.0);
        // Lists may show what lost a race for as long as they lag.
        local.clock().sleep(local.capabilities().read_lag).await;
        let hosts: Vec<_> = local.hosts(ListHosts::mine()).try_collect().await.unwrap();
        let seen = local.inspect();
        assert_eq!((seen.hosts.len(), seen.duplicates().len()), (NAMES, 0), "seed {seed}: {seen:?}");
        assert!(seen.faults > 50, "seed {seed}: {seen:?}");
        assert_eq!(hosts.len(), NAMES, "seed {seed}");

        local.set_faults(0.2);
        let tasks: Vec<_> =
            hosts.into_iter().map(|host| tokio::spawn(delete_in_the_end(local.clone(), host.id))).collect();
        for task in tasks {
            task.await.unwrap();
        }
        local.clock().sleep(Duration::from_secs(2)).await;
        assert!(local.inspect().is_empty(), "seed {seed}: {:?}", local.inspect());
    }
}

/// Creates a host as a caller does that is cut off at random and tries again.
async fn create_in_the_end(local: Local, seed: u64, number: usize) {
    let mut random = fastrand::Rng::with_seed(seed);
    let wish = wish(number);
    loop {
        let cut = match random.bool() {
            true => Duration::from_micros(random.u64(0..40_000)),
            false => Duration::from_secs(10),
        };
        if let Ok(Ok(_)) = tokio::time::timeout(cut, local.create_host(&wish)).await {
            return;
        }
    }
}

async fn delete_in_the_end(local: Local, id: cloud_types::HostId) {
    while local.delete_host(&id).await.is_err() {}
}

/// Every third host has a data disk, every second a firewall of its own.
fn wish(number: usize) -> HostSpec {
    let mut wish = spec(&format!("web-{number}"));
    if number.is_multiple_of(3) {
        wish = wish.data_disk(DataDisk::new(GiB(10)));
    }
    if number.is_multiple_of(2) {
        wish = wish.inbound(InboundPort::tcp(443).expect("a port"));
    }
    wish
}
