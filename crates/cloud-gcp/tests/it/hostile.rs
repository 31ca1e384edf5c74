//! Answers that no good server gives: always an error, never a panic, a hang or a flood.

use std::time::Duration;

use cloud_sim::{Fault, FaultRule, Hostile};
use cloud_types::clock::within;
use cloud_types::{
    CloudProvider, CloudProviderExt, ErrorKind, HostId, HostSpec, Image, ListHosts, Machine, Name, OfferingFilter,
    Region, Result, SystemClock,
};
use futures::StreamExt;

use crate::simulated;

/// Lists that never end are in `wire`.
const ALL: [Hostile; 4] = [Hostile::HugeBody, Hostile::DeepNesting, Hostile::WrongTypes, Hostile::InvalidUtf8];

fn spec(name: &str) -> HostSpec {
    let (name, region) = (Name::new(name).unwrap(), Region::new("europe-west1").unwrap());
    HostSpec::new(name, region, Machine::named("e2-small").unwrap(), Image::ubuntu("24.04"))
}

/// The result of a call that must come to an end.
async fn ends<T>(what: &str, call: impl Future<Output = Result<T>>) -> Result<T> {
    let ended = within(&SystemClock, Duration::from_secs(60), call).await;
    ended.unwrap_or_else(|| panic!("{what} does not end"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_call_answers_a_hostile_server_with_an_error() {
    for hostile in ALL {
        let sim = simulated::sim().await;
        let provider = simulated::provider(&sim, "mine");
        let host = provider.create_host(&spec("web")).await.unwrap().into_host();
        sim.inject(FaultRule {
            fault: Fault::Hostile(hostile),
            method: None,
            path: None,
            skip: 0,
            count: None,
            chance: 1.0,
        });

        let fresh = simulated::provider(&sim, "mine");
        let what = format!("{hostile:?}");
        let list = ends(&what, async {
            fresh.hosts(ListHosts::mine()).collect::<Vec<_>>().await.into_iter().collect::<Result<Vec<_>>>()
        })
        .await;
        assert!(list.is_err(), "{what}: a list");
        let catalog = ends(&what, fresh.catalog().unwrap().offerings(&OfferingFilter::all())).await;
        assert!(catalog.is_err(), "{what}: the catalog");
        let swept = ends(&what, fresh.sweep().unwrap().list_resources()).await;
        assert!(swept.is_err(), "{what}: a sweep");
        let read = ends(&what, fresh.get_host(&host.id)).await.unwrap_err();
        assert!(!matches!(read.kind(), ErrorKind::NotFound), "{what}: {read}");
        let created = ends(&what, fresh.create_host(&spec("db"))).await;
        assert!(created.is_err(), "{what}: a create");
        assert!(ends(&what, fresh.start_host(&host.id)).await.is_err(), "{what}: a start");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_tells_the_field_but_not_what_was_in_it() {
    let sim = simulated::sim().await;
    let provider = simulated::provider(&sim, "mine");
    let host = provider.create_host(&spec("web")).await.unwrap().into_host();
    sim.inject(FaultRule::always(
        Fault::Hostile(Hostile::WrongTypes),
        "GET",
        "/projects/{project}/zones/{zone}/instances/{instance}",
    ));
    let error = provider.get_host(&host.id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unexpected, "{error}");
    assert!(error.message().contains("expected"), "{error}");
    assert!(!error.message().contains("europe-west1"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_none_is_not_sent() {
    let sim = simulated::sim().await;
    let provider = simulated::provider(&sim, "mine");
    for bad in ["", "abc", "a/../b", "a/b/-1", "a/b/999999999999999999999", "a/b/１", "A/b", "a/b/1/2"] {
        let error = provider.get_host(&HostId::new(bad)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{bad}");
    }
    assert_eq!(sim.stats().total_calls(), 0);
}
