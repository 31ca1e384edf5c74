//! The suite as a program runs it: its report, what it skips, and that it leaves nothing behind when a behaviour fails.

use cloud_conformance::{BEHAVIOURS, Suite, run_all};
use cloud_local::Config;

use crate::in_memory::InMemory;

async fn account() -> InMemory {
    InMemory::new(Config::default())
}

#[tokio::test(start_paused = true)]
async fn the_reference_shows_all_that_it_claims() {
    let report = run_all(account).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.verdicts.len(), BEHAVIOURS.len());
    let skipped: Vec<_> = report.skipped().map(|verdict| verdict.name).collect();
    assert_eq!(skipped, ["a_lagging_reader_makes_no_second_host", "a_console_opens"], "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_skipped_behaviour_is_reported_with_its_reason_and_everyone_is_told() {
    let mut told = Vec::new();
    let suite = Suite::whole().only(["a_host_restarts", "deleting_twice_succeeds"]);
    let suite = suite.skip("a_host_restarts", "its plug is glued in").on_verdict(|verdict| told.push(verdict.name));
    let report = suite.run(account).await;
    assert_eq!(report.to_string(), "a_host_restarts: skipped: its plug is glued in\n1 passed, 1 skipped, 0 failed");
    assert_eq!(told, ["deleting_twice_succeeds", "a_host_restarts"]);
}

#[test]
#[should_panic(expected = "no behaviour is called a_host_flies")]
fn a_behaviour_that_is_none_cannot_be_skipped() {
    let _ = Suite::whole().skip("a_host_flies", "it has no wings");
}

#[test]
#[should_panic(expected = "no behaviour is called a_host_flies")]
fn a_test_that_skips_no_behaviour_fails() {
    cloud_conformance::prove("a_host_restarts", &[("a_host_flies", "it has no wings")], account);
}
