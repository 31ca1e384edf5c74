//! Faults in a fifth of all requests: however creates and deletes go, no host is there twice, none is lost, and nothing of
//! them is left in the end.

use cloud_conformance::chaos::Chaos;
use cloud_conformance::simulated::Simulated;

use crate::subject;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_doubled_lost_or_left_at_a_fifth_of_faults() {
    chaos(subject::Simulated::EPHEMERAL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reserved_address_is_left_at_a_fifth_of_faults() {
    chaos(subject::Simulated::RESERVED).await;
}

async fn chaos(subject: subject::Simulated) {
    Chaos { may_stay: &["Image"], ..Chaos::default() }.run(&Simulated::faulty(subject, 7).await).await;
}
