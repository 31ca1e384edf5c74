//! Random histories of one host: sensible ones and nonsense, since logs have both.

use cloud_types::{CostKind, Currency, Money, Monthly, Rate, Terms};
use cloud_usage::{Change, Charge, Charges, Event, EventId, Power, Sighting, Tags};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::common::{at, host};

/// A history, and when and for which period it is asked.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) events: Vec<Event>,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) now: Timestamp,
    /// All times are whole multiples of so many seconds after the start.
    pub(crate) step: u32,
}

/// Prices are whole multiples of this part of a euro.
pub(crate) const PRICE_DECIMALS: u32 = 4;

/// Some hours around the end of a month, by the second.
pub(crate) fn hours() -> impl Strategy<Value = History> {
    histories("2026-01-31T22:00:00Z", 1, 10_000, 1_500)
}

/// Some months, by the minute.
pub(crate) fn months() -> impl Strategy<Value = History> {
    histories("2028-01-17T08:00:00Z", 60, 100_000, 300)
}

/// Histories of so many steps; units are up to so many steps long.
fn histories(start: &'static str, step: u32, length: u32, unit: u32) -> impl Strategy<Value = History> {
    let moment = move || (0..length).prop_map(move |offset| after(start, step, offset));
    let created = (moment(), power(), prop::option::weighted(0.9, charges(step, unit)))
        .prop_map(|(at, power, charges)| (at, Change::Created { power, charges, tags: Tags::default() }));
    let event = (moment(), change(start, step, length, unit));
    let events = (prop::collection::vec(created, 0..=2), prop::collection::vec(event, 0..16))
        .prop_map(|(created, events)| created.into_iter().chain(events).collect::<Vec<_>>());
    let now = prop_oneof![moment(), Just(after(start, step, length))];
    (events, moment(), moment(), now).prop_map(move |(events, a, b, now)| {
        let events = events.into_iter().zip(1..).map(|((at, change), number)| {
            Event::new(EventId::new(format!("event-{number:02}")).unwrap(), at, host(), change)
        });
        History { events: events.collect(), from: a.min(b), to: a.max(b), now, step }
    })
}

fn change(start: &'static str, step: u32, length: u32, unit: u32) -> impl Strategy<Value = Change> {
    let seen_created = prop::option::of((0..length).prop_map(move |offset| after(start, step, offset)));
    let sighting = prop_oneof![
        3 => Just(Sighting::Running),
        3 => Just(Sighting::Stopped),
        1 => Just(Sighting::Present),
        1 => Just(Sighting::Gone),
    ];
    let seen = (sighting, seen_created, prop::option::of(charges(step, unit)))
        .prop_map(|(state, created_at, charges)| Change::Seen { state, created_at, charges, tags: None });
    prop_oneof![
        4 => Just(Change::Started),
        4 => Just(Change::Stopped),
        4 => charges(step, unit).prop_map(|charges| Change::Resized { charges }),
        4 => charges(step, unit).prop_map(|charges| Change::PriceChanged { charges }),
        1 => Just(Change::Deleted),
        3 => seen,
    ]
}

fn charges(step: u32, unit: u32) -> impl Strategy<Value = Charges> {
    prop::collection::vec(charge(step, unit), 0..4).prop_map(|charges| Charges::new(charges).unwrap())
}

fn charge(step: u32, unit: u32) -> impl Strategy<Value = Charge> {
    let terms = (1..=unit, 1..=unit, any::<bool>()).prop_map(move |(first, then, most)| {
        let monthly = if most { Monthly::AtMostThePrice } else { Monthly::InProportion };
        Terms::new(first * step, then * step, monthly).unwrap()
    });
    let kind = prop_oneof![Just(CostKind::Machine), Just(CostKind::DataDisk)];
    (kind, rate(), terms, any::<bool>()).prop_map(|(kind, rate, terms, always)| {
        let charge = Charge::new(kind, "it", rate, terms);
        if always { charge } else { charge.not_billed_when_stopped() }
    })
}

fn rate() -> impl Strategy<Value = Rate> {
    let euros = |parts: std::ops::Range<i64>| {
        parts.prop_map(|part| Money::new(Decimal::new(part, PRICE_DECIMALS), Currency::EUR))
    };
    // Caps that some hours reach, and caps that some weeks reach.
    let cap = prop_oneof![euros(0..100), euros(0..1_000), euros(0..60_000)];
    prop_oneof![
        (euros(0..900), prop::option::weighted(0.7, cap)).prop_map(|(price, cap)| Rate::Hourly { price, cap }),
        euros(0..90_000).prop_map(|price| Rate::Monthly { price }),
    ]
}

fn power() -> impl Strategy<Value = Power> {
    prop_oneof![3 => Just(Power::Running), 1 => Just(Power::Stopped)]
}

fn after(start: &str, step: u32, offset: u32) -> Timestamp {
    at(start) + SignedDuration::from_secs(i64::from(step) * i64::from(offset))
}
