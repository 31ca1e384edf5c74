//! Many tasks at once on one account where everything goes wrong: what counts is what is there in the end.

use std::sync::Arc;
use std::time::Duration;

use cloud_conformance::chaos::Chaos;
use cloud_types::ScaledClock;

use crate::conformance::{config, open};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_races_and_dropped_futures_neither_double_nor_lose_nor_leave_anything() {
    for seed in 1..=3 {
        // Said after the faults, the lag is certain: every change is seen late.
        let config = config().clock(Arc::new(ScaledClock::new(50.0))).seed(seed);
        let account = open(config.faults(0.2).lag(Duration::from_secs(1)));
        let chaos = Chaos { hosts: 24, at_once: 48, seed, rest: Duration::from_secs(5), ..Chaos::default() };
        chaos.run(&account).await;
    }
}
