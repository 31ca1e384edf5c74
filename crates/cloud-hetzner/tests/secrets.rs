//! Markers in every secret place, everything run at trace level under faults: none may come out anywhere. Apart, since it
//! hears all logs of its process.

#[path = "it/subject.rs"]
mod subject;

#[tokio::test]
async fn no_secret_comes_out_in_logs_errors_or_debug() {
    cloud_conformance::simulated::no_secret_comes_out(subject::Simulated, &["root_password"]).await;
}
