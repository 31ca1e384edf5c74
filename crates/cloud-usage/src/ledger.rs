//! All events of a log in memory, by subject: what bills are made of. Pure, without a log and without a clock.

use std::collections::{BTreeMap, HashMap};

use cloud_types::{Error, ErrorKind, Result};
use jiff::Timestamp;

use crate::timeline::Timeline;
use crate::{Appended, Bill, Charges, Event, EventId, Power, Query, Subject, Tags};

/// Events by subject. Neither the order in which they are added nor repeats change a bill.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    subjects: BTreeMap<Subject, Vec<Event>>,
    ids: HashMap<EventId, (Subject, usize)>,
}

/// What the events say that a subject is at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Standing {
    /// Since when it is there, as far as it is known.
    pub since: Timestamp,
    /// Whether it was deleted.
    pub gone: bool,
    /// Whether it runs, or did when it was deleted.
    pub power: Power,
    /// What it costs, where that is known.
    pub charges: Option<Charges>,
    /// Whose it is.
    pub tags: Tags,
}

impl Ledger {
    /// Without any event.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event; a repeat changes nothing.
    ///
    /// # Errors
    /// `AlreadyExists` where another event has its id.
    pub fn add(&mut self, event: Event) -> Result<Appended> {
        if let Some((subject, index)) = self.ids.get(&event.id) {
            let known = self.subjects.get(subject).and_then(|events| events.get(*index));
            return if known == Some(&event) { Ok(Appended::Repeated) } else { Err(taken(&event.id)) };
        }
        let events = self.subjects.entry(event.subject.clone()).or_default();
        self.ids.insert(event.id.clone(), (event.subject.clone(), events.len()));
        events.push(event);
        Ok(Appended::New)
    }

    /// What was asked for, as it is known at `now`: nothing is billed from then on, and no event after it counts.
    ///
    /// # Errors
    /// `InvalidRequest` on field `price` where an amount is too large to be counted exactly.
    pub fn bill(&self, query: &Query, now: Timestamp) -> Result<Bill> {
        let mut bill = Bill::empty(query.period);
        for (subject, events) in &self.subjects {
            if query.subject.as_ref().is_some_and(|wanted| wanted != subject) {
                continue;
            }
            let Some(timeline) = Timeline::of(subject, events, now) else { continue };
            if query.passes(subject, &timeline.tags) {
                bill.add(subject, timeline)?;
            }
        }
        Ok(bill)
    }

    /// What a subject is at `now`; `None` for one of which nothing is known by then.
    #[must_use]
    pub fn standing(&self, subject: &Subject, now: Timestamp) -> Option<Standing> {
        let timeline = Timeline::of(subject, self.subjects.get(subject)?, now)?;
        let Timeline { begin: since, tags, power, charges, gone, .. } = timeline;
        Some(Standing { since, gone, power, charges, tags })
    }

    /// All subjects that were ever heard of.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.subjects.keys()
    }
}

/// The error for an id that another event has.
pub(crate) fn taken(id: &EventId) -> Error {
    Error::new(ErrorKind::AlreadyExists, format!("event {id} is recorded with another content"))
}
