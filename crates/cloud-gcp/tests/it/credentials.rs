//! Application Default Credentials as a program on Google's machines finds them: from the metadata server.

use std::process::Command;

use cloud_gcp::Config;
use cloud_types::{CloudProvider, ListHosts};

use crate::simulated;

/// Tells the inner test where the simulator is.
const SIMULATOR: &str = "CLOUD_GCP_TEST_SIMULATOR";

#[tokio::test(flavor = "multi_thread")]
async fn a_token_comes_from_the_metadata_server() {
    let sim = simulated::sim().await;
    let host = sim.url().trim_start_matches("http://").to_owned();
    let mut inner = Command::new(std::env::current_exe().unwrap());
    inner
        .args(["--exact", "credentials::a_program_on_googles_machines_needs_no_key", "--nocapture"])
        .env_remove("GOOGLE_APPLICATION_CREDENTIALS")
        .env("GOOGLE_CLOUD_PROJECT", "simulated-project")
        .env("HOME", "/nonexistent")
        .env("GCE_METADATA_HOST", host)
        .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", format!("{}/compute/v1/", sim.url()))
        .env("CLOUD_OWNER", "mine")
        .env(SIMULATOR, sim.url());
    let output = tokio::task::spawn_blocking(move || inner.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let calls = sim.stats().calls;
    assert!(calls.keys().any(|call| call.ends_with("/aggregated/instances")), "{calls:?}");
}

/// Run by the test above, with the environment that it sets.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_on_googles_machines_needs_no_key() {
    if std::env::var_os(SIMULATOR).is_none() {
        return;
    }
    let provider = Config::from_env().unwrap().build().unwrap();
    assert_eq!(provider.owner().as_str(), "mine");
    assert!(provider.list_hosts(&ListHosts::mine()).await.unwrap().hosts.is_empty());
}
