//! Every behaviour of the conformance suite, and chaos, against the simulator.

use cloud_conformance::chaos::Chaos;
use cloud_conformance::conformance_tests;
use cloud_conformance::simulated::Simulated;

use crate::subject;

conformance_tests!(simulated);

async fn simulated() -> Simulated<subject::Simulated> {
    Simulated::start(subject::Simulated).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_doubled_lost_or_left_at_a_fifth_of_faults() {
    Chaos { may_stay: &["Image"], ..Chaos::default() }.run(&Simulated::faulty(subject::Simulated, 7).await).await;
}
