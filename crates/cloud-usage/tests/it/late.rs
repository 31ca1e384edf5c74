//! Late, repeated and contradicting events: the order of arrival has no part in a bill, and neither have repeats.

use cloud_types::{Currency, ErrorKind, Terms};
use cloud_usage::{Appended, Cost, Entry, EventLog, Ledger, MemoryLog, Meter, Period, Query};
use proptest::prelude::*;
use proptest::sample::Index;

use cloud_usage::Change::{Deleted, Started, Stopped};

use crate::common::{bill_of, created, events, host, hourly, ledger, machine, total};
use crate::random;

fn some_events() -> Vec<cloud_usage::Event> {
    let history = [
        ("2026-11-02T00:00:00Z", created([machine(hourly("0.01"), Terms::SECOND)])),
        ("2026-11-02T02:00:00Z", Stopped),
        ("2026-11-02T05:00:00Z", Started),
        ("2026-11-02T06:00:00Z", Deleted),
    ];
    events(&host(), history)
}

#[tokio::test]
async fn a_stop_that_arrives_after_a_bill_was_made_mends_the_next_bill() {
    let meter = Meter::new(MemoryLog::new());
    let history = some_events();
    meter.record_all(&[history[0].clone(), history[3].clone()]).await.unwrap();
    let query = Query::new(Period::ALL);
    assert_eq!(total(&meter.bill(&query).await.unwrap()), "0.06 EUR");
    assert_eq!(
        meter.record_all(&history).await.unwrap(),
        [Appended::Repeated, Appended::New, Appended::New, Appended::Repeated]
    );
    let bill = meter.bill(&query).await.unwrap();
    assert_eq!((total(&bill).as_str(), bill.doubts.len()), ("0.03 EUR", 0));
}

#[tokio::test]
async fn another_content_under_a_known_id_is_refused_and_nothing_of_its_batch_is_kept() {
    let log = MemoryLog::new();
    let history = some_events();
    log.append(&history[..1]).await.unwrap();
    let mut other = history[0].clone();
    other.at = history[1].at;
    let error = log.append(&[history[1].clone(), other.clone()]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.message().contains("h-1-1"), "{error}");
    let entry = Entry { position: 1, event: history[0].clone() };
    assert_eq!(log.read(0, 10).await.unwrap(), [entry]);
    assert_eq!(ledger(&history).add(other).unwrap_err().kind(), ErrorKind::AlreadyExists);
}

#[tokio::test]
async fn a_log_is_read_page_by_page() {
    let log = MemoryLog::new();
    log.append(&some_events()).await.unwrap();
    let positions = |entries: Vec<Entry>| entries.into_iter().map(|entry| entry.position).collect::<Vec<_>>();
    assert_eq!(positions(log.read(0, 3).await.unwrap()), [1, 2, 3]);
    assert_eq!(positions(log.read(3, 3).await.unwrap()), [4]);
    assert!(log.read(u64::MAX, 3).await.unwrap().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_with_any_repeats_gives_the_same_bill(
        history in random::hours(),
        shuffle in prop::collection::vec(any::<Index>(), 0..30),
    ) {
        let query = Query::new(Period::new(history.from, history.to).unwrap());
        let expected = ledger(&history.events).bill(&query, history.now).unwrap();
        let mut arriving = history.events.clone();
        for (one, other) in shuffle.iter().zip(shuffle.iter().skip(1)) {
            if let Some(last) = arriving.len().checked_sub(1) {
                arriving.swap(one.index(last + 1), other.index(last + 1));
                arriving.push(arriving[one.index(last + 1)].clone());
            }
        }
        let mut ledger = Ledger::new();
        for event in arriving {
            ledger.add(event).unwrap();
        }
        prop_assert_eq!(ledger.bill(&query, history.now).unwrap(), expected);
    }

    #[test]
    fn bills_of_neighbouring_periods_add_up(history in random::hours()) {
        let cost = |from, to| {
            let bill = bill_of(&history.events, Period::new(from, to).unwrap(), &history.now.to_string());
            bill.totals().unwrap().remove(&Currency::EUR).unwrap_or(Cost::zero(Currency::EUR))
        };
        let start = Period::ALL.from();
        let (before, within) = (cost(start, history.from), cost(history.from, history.to));
        prop_assert_eq!(before.checked_add(within).unwrap(), cost(start, history.to));
    }
}
