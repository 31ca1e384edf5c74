//! Answers that no good server gives: always an error, never a panic, a hang or a flood.

use std::time::Duration;

use cloud_sim::{Fault, FaultRule, Hostile};
use cloud_types::clock::within;
use cloud_types::{
    CloudProvider, CloudProviderExt, ErrorKind, HostId, HostSpec, Image, ListHosts, Machine, Name, OfferingFilter,
    Region, Result, SystemClock,
};
use futures::StreamExt;

use crate::common;

const ALL: [Hostile; 6] = [
    Hostile::HugeBody,
    Hostile::DeepNesting,
    Hostile::WrongTypes,
    Hostile::EndlessPages,
    Hostile::RepeatedPage,
    Hostile::InvalidUtf8,
];

fn spec(name: &str) -> HostSpec {
    let (name, region) = (Name::new(name).unwrap(), Region::new("fsn1").unwrap());
    HostSpec::new(name, region, Machine::named("cx22").unwrap(), Image::ubuntu("24.04"))
}

/// The result of a call that must come to an end.
async fn ends<T>(what: &str, call: impl Future<Output = Result<T>>) -> Result<T> {
    let ended = within(&SystemClock, Duration::from_secs(60), call).await;
    ended.unwrap_or_else(|| panic!("{what} does not end"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_call_answers_a_hostile_server_with_an_error() {
    for hostile in ALL {
        let sim = common::sim().await;
        let provider = common::provider(&sim, "mine");
        let host = provider.create_host(&spec("web")).await.unwrap().into_host();
        let pages = matches!(hostile, Hostile::EndlessPages | Hostile::RepeatedPage);
        sim.inject(FaultRule {
            fault: Fault::Hostile(hostile),
            method: None,
            path: None,
            skip: 0,
            count: None,
            chance: 1.0,
        });

        let fresh = common::provider(&sim, "mine");
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
        if !pages {
            let read = ends(&what, fresh.get_host(&host.id)).await.unwrap_err();
            assert!(!matches!(read.kind(), ErrorKind::NotFound), "{what}: {read}");
            let created = ends(&what, fresh.create_host(&spec("db"))).await;
            assert!(created.is_err(), "{what}: a create");
            assert!(ends(&what, fresh.start_host(&host.id)).await.is_err(), "{what}: a start");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_tells_the_field_but_not_what_was_in_it() {
    let sim = common::sim().await;
    let provider = common::provider(&sim, "mine");
    let host = provider.create_host(&spec("web")).await.unwrap().into_host();
    sim.inject(FaultRule::always(Fault::Hostile(Hostile::WrongTypes), "GET", "/servers/{id}"));
    let error = provider.get_host(&host.id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unexpected, "{error}");
    assert!(error.message().contains("server."), "{error}");
    assert!(!error.message().contains("fsn1"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_none_is_not_sent() {
    let sim = common::sim().await;
    let provider = common::provider(&sim, "mine");
    for bad in ["", "abc", "1/../2", "-1", "99999999999999999999", "１"] {
        let error = provider.get_host(&HostId::new(bad)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{bad}");
    }
    assert_eq!(sim.stats().total_calls(), 0);
}
