//! The meter against brute force: a second counter that goes through every tick of a life and asks what holds just then.
//! It shares no code with the meter but the events, and counts in ten-thousandths of a euro of a month's second.

use std::collections::BTreeMap;

use cloud_types::{CostKind, Currency, Money, Monthly, Rate};
use cloud_usage::{Change, Charges, Cost, Event, Power, Query, Sighting};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::common::ledger;
use crate::random::{self, History, PRICE_DECIMALS};

/// What the counter found: parts of a euro, billed seconds, and seconds running and stopped in the period.
#[derive(Debug, PartialEq, Eq, Default)]
struct Found {
    parts: i128,
    billed: u64,
    running: i64,
    stopped: i64,
}

/// What holds at a tick.
#[derive(Clone)]
struct State {
    power: Power,
    charges: Option<Charges>,
    gone: bool,
}

fn brute_force(history: &History) -> Found {
    let mut events: Vec<_> = history.events.iter().filter(|event| event.at <= history.now).collect();
    events.sort_by(|a, b| a.at.cmp(&b.at).then(a.id.as_str().cmp(b.id.as_str())));
    let mut found = Found::default();
    let Some(begin) = begin(&events) else { return found };
    let step = i64::from(history.step);
    let mut meters: BTreeMap<(CostKind, usize), Ticker> = BTreeMap::new();
    let mut state = state_at(&events, begin, begin);
    let mut tick = begin;
    while tick < history.now && !state.gone {
        let within = history.from <= tick && tick < history.to;
        if within {
            *(if state.power == Power::Running { &mut found.running } else { &mut found.stopped }) += step;
        }
        for kind in [CostKind::Machine, CostKind::DataDisk] {
            for nth in 0..4 {
                let ticker = meters.entry((kind, nth)).or_default();
                let charges = state.charges.as_ref().map_or(&[][..], |charges| charges.as_slice());
                let charge = charges.iter().filter(|charge| charge.kind == kind).nth(nth);
                let Some(charge) = charge.filter(|one| one.billed_when_stopped || state.power == Power::Running) else {
                    ticker.paid_until = None;
                    continue;
                };
                if ticker.paid_until.is_some_and(|paid| tick < paid) {
                    continue;
                }
                let unit = if ticker.paid_until.is_some() { charge.terms.then() } else { charge.terms.first() };
                let bought = ticker.buy(tick, charge.rate, charge.terms.monthly(), unit);
                if within {
                    found.parts += bought;
                    found.billed += u64::from(unit);
                }
            }
        }
        tick += SignedDuration::from_secs(step);
        if events.iter().any(|event| event.at == tick) {
            state = state_at(&events, begin, tick);
        }
    }
    found
}

#[derive(Default)]
struct Ticker {
    paid_until: Option<Timestamp>,
    month: (i16, i8),
    spent: i128,
}

impl Ticker {
    fn buy(&mut self, tick: Timestamp, rate: Rate, monthly: Monthly, unit: u32) -> i128 {
        let date = tick.to_zoned(TimeZone::UTC).date();
        if self.month != (date.year(), date.month()) {
            (self.month, self.spent) = ((date.year(), date.month()), 0);
        }
        let part = |money: Money| (money.amount * Decimal::from(10_i64.pow(PRICE_DECIMALS))).normalize().mantissa();
        let (a_second, cap) = match rate {
            Rate::Hourly { price, cap } => (part(price) * 730, cap.map(part)),
            Rate::Monthly { price } => (part(price), (monthly == Monthly::AtMostThePrice).then(|| part(price))),
            _ => unreachable!("the histories have no other rate"),
        };
        let price = a_second * i128::from(unit);
        let left = cap.map_or(price, |cap| (cap * 730 * 3600 - self.spent).clamp(0, price));
        self.spent += left;
        self.paid_until = Some(tick + SignedDuration::from_secs(unit.into()));
        left
    }
}

fn begin(events: &[&Event]) -> Option<Timestamp> {
    let created = events.iter().find(|event| matches!(event.change, Change::Created { .. }));
    let named = events.iter().filter_map(|event| match event.change {
        Change::Seen { created_at, .. } => created_at,
        _ => None,
    });
    created.map(|event| event.at).or(named.min()).or(events.first().map(|event| event.at))
}

/// Goes through the whole history up to a tick, without memory of the ticks before.
fn state_at(events: &[&Event], begin: Timestamp, tick: Timestamp) -> State {
    let birth = events.iter().position(|event| matches!(event.change, Change::Created { .. }));
    let mut state = State { power: Power::Running, charges: None, gone: false };
    let told = events.iter().find_map(|event| event.change.charges());
    match birth.map(|birth| &events[birth].change) {
        Some(Change::Created { power, charges, .. }) => {
            state.power = *power;
            state.charges = charges.as_ref().or(told).cloned();
        }
        _ => {
            state.charges = told.cloned();
            state.power = events.iter().find_map(|event| before(&event.change)).unwrap_or(Power::Running);
        }
    }
    for (index, event) in events.iter().enumerate() {
        if event.at.max(begin) > tick || Some(index) == birth || state.gone {
            continue;
        }
        match &event.change {
            Change::Started => state.power = Power::Running,
            Change::Stopped => state.power = Power::Stopped,
            Change::Deleted | Change::Seen { state: Sighting::Gone, .. } => state.gone = true,
            Change::Seen { state: seen, .. } => state.power = seen.power().unwrap_or(state.power),
            Change::Created { power, .. } => state.power = *power,
            _ => {}
        }
        if !state.gone
            && let Some(charges) = event.change.charges()
        {
            state.charges = Some(charges.clone());
        }
    }
    state
}

/// What power the first news of a subject tells it had before.
fn before(change: &Change) -> Option<Power> {
    match change {
        Change::Started | Change::Seen { state: Sighting::Stopped, .. } => Some(Power::Stopped),
        Change::Stopped | Change::Seen { state: Sighting::Running, .. } => Some(Power::Running),
        _ => None,
    }
}

fn check(history: &History) {
    let period = cloud_usage::Period::new(history.from, history.to).unwrap();
    let bill = ledger(&history.events).bill(&Query::new(period), history.now).unwrap();
    let expected = brute_force(history);

    let part = Rate::Monthly { price: Money::new(Decimal::new(1, PRICE_DECIMALS), Currency::EUR) };
    let parts = Cost::over(part, u64::try_from(expected.parts).unwrap()).unwrap();
    let total = bill.totals().unwrap().remove(&Currency::EUR).unwrap_or(Cost::zero(Currency::EUR));
    assert_eq!(total, parts, "to the last digit");
    assert_eq!(bill.lines.iter().map(|line| line.seconds).sum::<u64>(), expected.billed);
    assert_eq!(bill.hours.iter().map(|hours| hours.running.as_secs()).sum::<i64>(), expected.running);
    assert_eq!(bill.hours.iter().map(|hours| hours.stopped.as_secs()).sum::<i64>(), expected.stopped);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_meter_equals_a_count_second_by_second(history in random::hours()) {
        check(&history);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_meter_equals_a_count_minute_by_minute_over_months(history in random::months()) {
        check(&history);
    }
}
