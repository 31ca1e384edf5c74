//! Answers that no good server gives: always an error, never a panic, a hang or a flood.

use std::time::Duration;

use cloud_sim::{Fault, FaultRule, Hostile};
use cloud_types::clock::within;
use cloud_types::{CloudProviderExt, ErrorKind, HostId, ListHosts, Name, OfferingFilter, Result, SystemClock};
use futures::{StreamExt, TryStreamExt};

use super::{Simulated, Subject};
use crate::Operation;

/// Meets every kind of call with every hostile answer of the subject.
///
/// # Panics
/// Where a call does not end, or ends otherwise than with an error.
pub async fn a_hostile_server_is_answered_with_an_error<S: Subject>(subject: S) {
    for hostile in S::HOSTILE {
        let here = Simulated::start(subject.clone()).await;
        let host = here.process("mine").create_host(&subject.spec(&name("web"))).await;
        let host = host.expect("a host can be made before").into_host();
        here.sim.inject(FaultRule {
            fault: Fault::Hostile(*hostile),
            method: None,
            path: None,
            skip: 0,
            count: None,
            chance: 1.0,
        });

        let fresh = here.process("mine");
        let what = format!("{hostile:?}");
        let list = fresh.hosts(ListHosts::mine()).boxed().try_collect::<Vec<_>>();
        assert!(ends(&what, list).await.is_err(), "{what}: a list");
        if let Some(catalog) = fresh.catalog() {
            assert!(ends(&what, catalog.offerings(&OfferingFilter::all())).await.is_err(), "{what}: the catalog");
        }
        if let Some(sweep) = fresh.sweep() {
            assert!(ends(&what, sweep.list_resources()).await.is_err(), "{what}: a sweep");
        }
        if matches!(hostile, Hostile::EndlessPages | Hostile::RepeatedPage) {
            continue;
        }
        let read = ends(&what, fresh.get_host(&host.id)).await.expect_err("a hostile answer is no host");
        assert!(read.kind() != ErrorKind::NotFound, "{what}: {read}");
        assert!(ends(&what, fresh.create_host(&subject.spec(&name("db")))).await.is_err(), "{what}: a create");
        assert!(ends(&what, fresh.start_host(&host.id)).await.is_err(), "{what}: a start");
    }
}

/// Reads a host whose fields have wrong types: the error says `told`, and not the host's region.
///
/// # Panics
/// Where it does not.
pub async fn a_wrong_type_is_told_without_its_value<S: Subject>(subject: S, told: &str) {
    let here = Simulated::start(subject.clone()).await;
    let provider = here.process("mine");
    let host = provider.create_host(&subject.spec(&name("web"))).await.expect("a host can be made").into_host();
    let (method, path) = subject.request(Operation::GetHost).expect("a host is read by a request");
    here.sim.inject(FaultRule::always(Fault::Hostile(Hostile::WrongTypes), method, path));
    let error = provider.get_host(&host.id).await.expect_err("wrong types are no host");
    assert_eq!(error.kind(), ErrorKind::Unexpected, "{error}");
    assert!(error.message().contains(told), "{error}");
    assert!(!error.message().contains(host.region.as_str()), "{error}");
}

/// Reads hosts by ids that cannot be any host's: `NotFound`, without a request.
///
/// # Panics
/// Where that is not so.
pub async fn bad_ids_are_not_sent<S: Subject>(subject: S, ids: &[&str]) {
    let here = Simulated::start(subject).await;
    let provider = here.process("mine");
    for bad in ids {
        let error = provider.get_host(&HostId::new(*bad)).await.expect_err("there is no such host");
        assert_eq!(error.kind(), ErrorKind::NotFound, "{bad}");
    }
    assert_eq!(here.sim.stats().total_calls(), 0);
}

/// The result of a call that must come to an end.
async fn ends<T>(what: &str, call: impl Future<Output = Result<T>>) -> Result<T> {
    let ended = within(&SystemClock, Duration::from_secs(60), call).await;
    ended.unwrap_or_else(|| panic!("{what} does not end"))
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a good name")
}
