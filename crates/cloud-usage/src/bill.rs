//! What was asked, and the answer: what each subject cost, item by item and month by month.

use std::collections::{BTreeMap, BTreeSet};

use cloud_types::{CostKind, Currency, HostId, Owner, Result};
use jiff::SignedDuration;
use serde::Serialize;

use crate::charge::Slot;
use crate::cost::too_large;
use crate::count::count;
use crate::timeline::{Span, Timeline};
use crate::{Charges, Cost, Doubt, Month, Period, Power, Subject, Tags};

/// What a bill is asked for: a period, and which subjects.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Query {
    /// From when to when.
    pub period: Period,
    /// Only what belongs to this owner.
    pub owner: Option<Owner>,
    /// Only what bears all these labels.
    pub labels: BTreeMap<String, String>,
    /// Only this host, and the volumes, snapshots and addresses that came from it or are for it.
    pub host: Option<HostId>,
    /// Only this.
    pub subject: Option<Subject>,
}

/// What was found. Two bills of neighbouring periods add up to the bill of both, to the last digit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Bill {
    /// What was asked for.
    pub period: Period,
    /// One line for each charge of each subject in each calendar month (UTC).
    pub lines: Vec<Line>,
    /// How long each subject ran and was stopped in each calendar month (UTC).
    pub hours: Vec<Hours>,
    /// What the log does not tell. Where there is none, the bill is exact.
    pub doubts: Vec<Doubt>,
}

/// What one charge of a subject came to in a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Line {
    /// Of what.
    pub subject: Subject,
    /// Whose it is, as last told.
    pub tags: Tags,
    /// In which month.
    pub month: Month,
    /// What is billed.
    pub kind: CostKind,
    /// For people, as last told: of a host that was resized within the month, its last machine type.
    pub description: String,
    /// The units that were billed, in seconds: started ones count whole.
    pub seconds: u64,
    /// What it came to.
    pub cost: Cost,
}

/// How long a subject ran and was stopped in a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Hours {
    /// Which one.
    pub subject: Subject,
    /// In which month.
    pub month: Month,
    /// How long it ran.
    pub running: SignedDuration,
    /// How long it was there, and stopped.
    pub stopped: SignedDuration,
}

impl Query {
    /// All that the log knows of, in a period.
    #[must_use]
    pub fn new(period: Period) -> Self {
        Self { period, owner: None, labels: BTreeMap::new(), host: None, subject: None }
    }

    /// Only what belongs to this owner.
    #[must_use]
    pub fn owner(mut self, owner: Owner) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Only what bears this label, besides those said before.
    #[must_use]
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// Only this host and what came from it.
    #[must_use]
    pub fn host(mut self, host: HostId) -> Self {
        self.host = Some(host);
        self
    }

    /// Only this.
    #[must_use]
    pub fn subject(mut self, subject: Subject) -> Self {
        self.subject = Some(subject);
        self
    }

    pub(crate) fn passes(&self, subject: &Subject, tags: &Tags) -> bool {
        self.subject.as_ref().is_none_or(|wanted| wanted == subject)
            && (self.owner.is_none() || self.owner == tags.owner)
            && self.host.as_ref().is_none_or(|host| subject.is_host(host) || tags.host.as_ref() == Some(host))
            && self.labels.iter().all(|(key, value)| tags.labels.get(key) == Some(value))
    }
}

impl Bill {
    pub(crate) fn empty(period: Period) -> Self {
        Self { period, lines: Vec::new(), hours: Vec::new(), doubts: Vec::new() }
    }

    /// The sum of each currency. Different currencies do not add up.
    ///
    /// # Errors
    /// `InvalidRequest` on field `price` where a sum is too large to be counted exactly.
    pub fn totals(&self) -> Result<BTreeMap<Currency, Cost>> {
        totals(&self.lines)
    }

    /// The sums of each calendar month (UTC).
    ///
    /// # Errors
    /// As [`totals`](Self::totals).
    pub fn by_month(&self) -> Result<BTreeMap<Month, BTreeMap<Currency, Cost>>> {
        self.by(|line| line.month)
    }

    /// The sums of each subject.
    ///
    /// # Errors
    /// As [`totals`](Self::totals).
    pub fn by_subject(&self) -> Result<BTreeMap<Subject, BTreeMap<Currency, Cost>>> {
        self.by(|line| line.subject.clone())
    }

    /// The sums of each kind of charge.
    ///
    /// # Errors
    /// As [`totals`](Self::totals).
    pub fn by_kind(&self) -> Result<BTreeMap<CostKind, BTreeMap<Currency, Cost>>> {
        self.by(|line| line.kind)
    }

    fn by<K: Ord>(&self, key: impl Fn(&Line) -> K) -> Result<BTreeMap<K, BTreeMap<Currency, Cost>>> {
        let mut groups: BTreeMap<K, Vec<&Line>> = BTreeMap::new();
        for line in &self.lines {
            groups.entry(key(line)).or_default().push(line);
        }
        groups.into_iter().map(|(key, lines)| Ok((key, totals(lines)?))).collect()
    }

    /// Adds what one subject cost.
    pub(crate) fn add(&mut self, subject: &Subject, timeline: Timeline) -> Result<()> {
        let slots: BTreeSet<Slot> =
            timeline.spans.iter().filter_map(|span| span.charges.as_ref()).flat_map(Charges::slots).collect();
        for slot in slots {
            for ((month, _), counted) in count(&timeline.spans, slot, self.period)? {
                self.lines.push(Line {
                    subject: subject.clone(),
                    tags: timeline.tags.clone(),
                    month,
                    kind: slot.kind,
                    description: counted.description,
                    seconds: counted.seconds,
                    cost: counted.cost,
                });
            }
        }
        self.hours.extend(hours(subject, &timeline.spans, self.period));
        let (from, to) = (self.period.from(), self.period.to());
        self.doubts.extend(timeline.doubts.into_iter().filter(|doubt| doubt.since < to && doubt.until >= from));
        Ok(())
    }
}

fn totals<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Result<BTreeMap<Currency, Cost>> {
    let mut totals = BTreeMap::new();
    for line in lines {
        let currency = line.cost.currency();
        let sum = totals.entry(currency).or_insert(Cost::zero(currency));
        *sum = sum.checked_add(line.cost).ok_or_else(too_large)?;
    }
    Ok(totals)
}

fn hours(subject: &Subject, spans: &[Span], period: Period) -> Vec<Hours> {
    let mut months: BTreeMap<Month, (SignedDuration, SignedDuration)> = BTreeMap::new();
    for span in spans {
        let (mut from, to) = (span.from.max(period.from()), span.to.min(period.to()));
        while from < to {
            let month = Month::of(from);
            let end = to.min(month.end());
            let (running, stopped) = months.entry(month).or_default();
            let sum = if span.power == Power::Running { running } else { stopped };
            *sum = sum.saturating_add(end.duration_since(from));
            from = end;
        }
    }
    let hours = months.into_iter();
    hours.map(|(month, (running, stopped))| Hours { subject: subject.clone(), month, running, stopped }).collect()
}
