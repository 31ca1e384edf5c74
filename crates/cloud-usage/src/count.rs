//! One charge of one subject over time: its units counted, priced and capped.

use std::collections::BTreeMap;

use cloud_types::{Currency, Result};
use jiff::{SignedDuration, Timestamp};

use crate::charge::Slot;
use crate::cost::{cap_parts, parts_a_second, too_large};
use crate::timeline::Span;
use crate::{Charge, Cost, Month, Period, Power};

/// What a charge came to in a calendar month, as far as its units began in the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) description: String,
    pub(crate) seconds: u64,
    pub(crate) cost: Cost,
}

/// Goes through the units of a charge. What began before the period counts towards the caps of its first month alone.
///
/// # Errors
/// `InvalidRequest` on field `price` where an amount is too large to be counted exactly.
pub(crate) fn count(spans: &[Span], slot: Slot, period: Period) -> Result<BTreeMap<(Month, Currency), Counted>> {
    let mut counter = Counter { period, spent: BTreeMap::new(), counted: BTreeMap::new(), next: None };
    for span in spans {
        let charge = span.charges.as_ref().and_then(|charges| charges.nth(slot));
        match charge.filter(|charge| charge.billed_when_stopped || span.power == Power::Running) {
            Some(charge) => counter.use_from(span.from, span.to.min(period.to()), charge)?,
            None => counter.next = None,
        }
    }
    Ok(counter.counted)
}

struct Counter {
    period: Period,
    /// What each month has cost so far, in parts, also before the period.
    spent: BTreeMap<(Month, Currency), i128>,
    counted: BTreeMap<(Month, Currency), Counted>,
    /// While the charge is in use: when its next unit begins.
    next: Option<Timestamp>,
}

impl Counter {
    /// Counts the units that begin from `from` on, before `to`, in steps within which neither month nor price changes.
    fn use_from(&mut self, from: Timestamp, to: Timestamp, charge: &Charge) -> Result<()> {
        let price = parts_a_second(charge.rate)?;
        let cap = cap_parts(charge.rate, charge.terms.monthly())?;
        loop {
            let (begin, unit, most) = match self.next {
                None => (from, charge.terms.first(), 1),
                Some(next) => (next, charge.terms.then(), u64::MAX),
            };
            if begin >= to {
                return Ok(()); // the unit that has begun may reach beyond this stretch
            }
            let mut end = to.min(Month::of(begin).end());
            if begin < self.period.from() {
                end = end.min(self.period.from());
            }
            let units = units_between(begin, end, unit).min(most);
            let seconds = units.checked_mul(unit.into()).ok_or_else(too_large)?;
            let parts = price.checked_mul(seconds.into()).ok_or_else(too_large)?;
            self.spend(begin, charge, seconds, parts, cap)?;
            let length = i64::try_from(seconds).map_err(|_| too_large())?;
            self.next = Some(begin.checked_add(SignedDuration::from_secs(length)).unwrap_or(Timestamp::MAX));
        }
    }

    /// A month that has reached the cap that holds costs no more; what it has cost before is not given back.
    fn spend(&mut self, begin: Timestamp, charge: &Charge, seconds: u64, parts: i128, cap: Option<i128>) -> Result<()> {
        let key = (Month::of(begin), charge.rate.currency());
        let spent = self.spent.entry(key).or_default();
        let before = *spent;
        let after = before.checked_add(parts).ok_or_else(too_large)?;
        *spent = cap.map_or(after, |cap| after.min(cap.max(before)));
        if begin < self.period.from() {
            return Ok(());
        }
        let added = Cost::of_parts(*spent - before, key.1);
        let counted = self.counted.entry(key).or_insert_with(|| Counted {
            description: String::new(),
            seconds: 0,
            cost: Cost::zero(key.1),
        });
        counted.description.clone_from(&charge.description);
        counted.seconds += seconds;
        counted.cost = counted.cost.checked_add(added).ok_or_else(too_large)?;
        Ok(())
    }
}

/// How many units of whole seconds begin from `begin` on, before `end`.
fn units_between(begin: Timestamp, end: Timestamp, unit: u32) -> u64 {
    let length = end.as_nanosecond() - begin.as_nanosecond();
    let unit = i128::from(unit) * 1_000_000_000;
    let units = length / unit + i128::from(length % unit != 0);
    u64::try_from(units).unwrap_or(0) // never negative: the callers' `begin` is before `end`
}
