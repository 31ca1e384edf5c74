//! A host that is put to sleep, and woken.

use std::time::Duration;

use cloud_gcp::Gcp;
use cloud_types::{
    CloudProvider, CloudProviderExt, ErrorKind, HostId, HostRuntime, HostSpec, HostState, Image, Machine, Name, Region,
    Wait,
};

use crate::simulated;

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_host_is_woken_by_a_start() {
    let sim = simulated::sim().await;
    let gcp = simulated::provider(&sim, "mine");
    let host = running(&gcp).await;

    gcp.suspend_host(&host.id).await.unwrap();
    gcp.suspend_host(&host.id).await.unwrap();
    gcp.wait_for_state(&host.id, HostState::Suspended, wait()).await.unwrap();
    gcp.suspend_host(&host.id).await.unwrap();

    gcp.start_host(&host.id).await.unwrap();
    gcp.wait_for_state(&host.id, HostState::Running, wait()).await.unwrap();
    gcp.delete_and_wait(&host.id, wait()).await.unwrap();
    assert_eq!(gcp.suspend_host(&host.id).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_running_host_is_suspended() {
    let sim = simulated::sim().await;
    let gcp = simulated::provider(&sim, "mine");
    let host = running(&gcp).await;
    gcp.stop_host(&host.id, cloud_types::StopMode::Hard).await.unwrap();
    gcp.wait_for_state(&host.id, HostState::Stopped, wait()).await.unwrap();
    let refused = gcp.suspend_host(&host.id).await.unwrap_err();
    assert_eq!((refused.kind(), refused.operation()), (ErrorKind::Conflict, Some("suspend_host")));
    assert_eq!(gcp.suspend_host(&HostId::new("nonsense")).await.unwrap_err().kind(), ErrorKind::NotFound);
}

async fn running(gcp: &Gcp) -> HostRuntime {
    let (name, region) = (Name::new("web-1").unwrap(), Region::new("europe-west1").unwrap());
    let spec = HostSpec::new(name, region, Machine::named("e2-small").unwrap(), Image::ubuntu("24.04"));
    gcp.create_and_wait(&spec, wait()).await.unwrap()
}

fn wait() -> Wait<'static> {
    Wait::within(Duration::from_secs(900))
}
