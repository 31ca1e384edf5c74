//! Short words for histories: charges, changes and bills.

use cloud_types::{CostKind, Currency, HostId, Money, ProviderId, Rate, SnapshotId, Terms, VolumeId};
use cloud_usage::{
    Bill, Change, Charge, Charges, DoubtKind, Event, EventId, Ledger, Period, Power, Query, Subject, Tags,
};
use jiff::Timestamp;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn eur(text: &str) -> Money {
    Money::parse(text, Currency::EUR).unwrap()
}

pub(crate) fn provider() -> ProviderId {
    ProviderId::new("acme")
}

pub(crate) fn host() -> Subject {
    Subject::host(&provider(), &HostId::new("h-1"))
}

pub(crate) fn snapshot() -> Subject {
    Subject::snapshot(&provider(), &SnapshotId::new("s-1"))
}

pub(crate) fn volume() -> Subject {
    Subject::volume(&provider(), &VolumeId::new("v-1"))
}

/// Tags of something that came from the host.
pub(crate) fn from_host() -> Tags {
    Tags { host: Some(HostId::new("h-1")), ..Tags::default() }
}

pub(crate) fn hourly(price: &str) -> Rate {
    Rate::hourly_price(eur(price))
}

pub(crate) fn capped(price: &str, cap: &str) -> Rate {
    Rate::Hourly { price: eur(price), cap: Some(eur(cap)) }
}

pub(crate) fn monthly(price: &str) -> Rate {
    Rate::Monthly { price: eur(price) }
}

/// A machine that is billed while it runs.
pub(crate) fn machine(rate: Rate, terms: Terms) -> Charge {
    Charge::new(CostKind::Machine, "small", rate, terms).not_billed_when_stopped()
}

/// A machine that is billed until it is deleted.
pub(crate) fn always(rate: Rate, terms: Terms) -> Charge {
    Charge::new(CostKind::Machine, "small", rate, terms)
}

pub(crate) fn disk(rate: Rate) -> Charge {
    Charge::new(CostKind::BootDisk, "20 GiB", rate, Terms::SECOND)
}

pub(crate) fn charges(charges: impl IntoIterator<Item = Charge>) -> Charges {
    Charges::new(charges.into_iter().collect()).unwrap()
}

pub(crate) fn created(all: impl IntoIterator<Item = Charge>) -> Change {
    Change::Created { power: Power::Running, charges: Some(charges(all)), tags: Tags::default() }
}

pub(crate) fn resized(all: impl IntoIterator<Item = Charge>) -> Change {
    Change::Resized { charges: charges(all) }
}

pub(crate) fn price_changed(all: impl IntoIterator<Item = Charge>) -> Change {
    Change::PriceChanged { charges: charges(all) }
}

/// Events of one subject, numbered in the order given.
pub(crate) fn events(subject: &Subject, changes: impl IntoIterator<Item = (&'static str, Change)>) -> Vec<Event> {
    let numbered = changes.into_iter().zip(1..);
    numbered
        .map(|((time, change), number)| {
            let id = EventId::new(format!("{}-{number}", subject.id)).unwrap();
            Event::new(id, at(time), subject.clone(), change)
        })
        .collect()
}

/// The bill of all time, made at the end of 2026.
pub(crate) fn bill(events: &[Event]) -> Bill {
    bill_of(events, Period::ALL, "2026-12-31T23:59:59Z")
}

pub(crate) fn bill_of(events: &[Event], period: Period, now: &str) -> Bill {
    ledger(events).bill(&Query::new(period), at(now)).unwrap()
}

pub(crate) fn ledger(events: &[Event]) -> Ledger {
    let mut ledger = Ledger::new();
    for event in events {
        ledger.add(event.clone()).unwrap();
    }
    ledger
}

/// The total of a bill in euros, to the last digit.
pub(crate) fn total(bill: &Bill) -> String {
    let totals = bill.totals().unwrap();
    totals.get(&Currency::EUR).map_or_else(|| "0 EUR".to_owned(), ToString::to_string)
}

/// What is in doubt, as kind, since and until.
pub(crate) fn doubts(bill: &Bill) -> Vec<(DoubtKind, Timestamp, Timestamp)> {
    bill.doubts.iter().map(|doubt| (doubt.kind, doubt.since, doubt.until)).collect()
}
