//! What a subject was, from its creation to its deletion: its events put in order, and what is missing among them.
//!
//! Pure: the same events in any order, any number of times, give the same timeline.

use jiff::Timestamp;

use crate::{Change, Charges, Doubt, DoubtKind, Event, Power, Sighting, Subject, Tags};

/// The life of one subject as far as it is known at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Timeline {
    pub(crate) begin: Timestamp,
    pub(crate) spans: Vec<Span>,
    pub(crate) tags: Tags,
    /// What it is at the end of the last stretch.
    pub(crate) power: Power,
    pub(crate) charges: Option<Charges>,
    pub(crate) gone: bool,
    pub(crate) doubts: Vec<Doubt>,
}

/// A stretch of a life in which nothing changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) power: Power,
    pub(crate) charges: Option<Charges>,
}

impl Timeline {
    /// The timeline of a subject by its events, each once, as they are known at `now`; `None` where nothing has happened yet.
    pub(crate) fn of(subject: &Subject, events: &[Event], now: Timestamp) -> Option<Self> {
        let mut events: Vec<_> = events.iter().collect();
        events.sort_by_key(|event| (event.at, &event.id));
        let (past, future) = events.split_at(events.partition_point(|event| event.at <= now));
        let doubt = |kind, since, until| Doubt { subject: subject.clone(), since, until, kind };
        let mut doubts: Vec<_> = future.iter().map(|event| doubt(DoubtKind::InTheFuture, now, event.at)).collect();

        let (birth, first) = Birth::of(past)?;
        let begin = birth.at.min(now);
        if birth.missed {
            doubts.push(doubt(DoubtKind::CreationMissed, begin, first.at.max(begin)));
        }
        let priced = past.iter().find(|event| event.change.charges().is_some());
        match priced {
            None => doubts.push(doubt(DoubtKind::PriceUnknown, begin, now)),
            Some(event)
                if event.at > begin && birth.created.is_none_or(|created| created.change.charges().is_none()) =>
            {
                doubts.push(doubt(DoubtKind::PriceAssumed, begin, event.at));
            }
            Some(_) => {}
        }
        let charges = birth.created.and_then(|event| event.change.charges());
        let charges = charges.or_else(|| priced.and_then(|event| event.change.charges()));
        let mut life = Life {
            subject,
            begin,
            at: begin,
            confirmed: begin,
            power: birth.power,
            charges: charges.cloned(),
            gone: false,
            spans: Vec::new(),
            doubts,
        };
        for event in past {
            if birth.created.is_none_or(|created| created.id != event.id) {
                life.apply(event);
            }
        }
        if !life.gone {
            life.advance(now);
        }
        let tags = past.iter().rev().find_map(|event| event.change.tags()).cloned().unwrap_or_default();
        let mut doubts = life.doubts;
        doubts.sort();
        doubts.dedup();
        let (power, charges, gone) = (life.power, life.charges, life.gone);
        Some(Self { begin, spans: life.spans, tags, power, charges, gone, doubts })
    }
}

/// How a life began, as far as anybody saw it.
struct Birth<'a> {
    at: Timestamp,
    power: Power,
    created: Option<&'a Event>,
    missed: bool,
}

impl<'a> Birth<'a> {
    fn of(past: &[&'a Event]) -> Option<(Self, &'a Event)> {
        let first = *past.first()?;
        let created = past.iter().copied().find(|event| matches!(event.change, Change::Created { .. }));
        if let Some(event) = created {
            let power = if let Change::Created { power, .. } = event.change { power } else { Power::Running };
            return Some((Self { at: event.at, power, created, missed: false }, first));
        }
        let named = past.iter().filter_map(|event| match event.change {
            Change::Seen { created_at, .. } => created_at,
            _ => None,
        });
        // What is first known to be started was stopped before; what is seen to do something counts as having always done it.
        let power = past.iter().find_map(|event| match &event.change {
            Change::Started => Some(Power::Stopped),
            Change::Stopped => Some(Power::Running),
            Change::Seen { state, .. } => state.power(),
            _ => None,
        });
        let at = named.min().unwrap_or(first.at);
        Some((Self { at, power: power.unwrap_or(Power::Running), created, missed: true }, first))
    }
}

/// A life while its events are gone through.
struct Life<'a> {
    subject: &'a Subject,
    begin: Timestamp,
    /// Up to when the spans reach.
    at: Timestamp,
    /// When the state that holds was last known for certain.
    confirmed: Timestamp,
    power: Power,
    charges: Option<Charges>,
    gone: bool,
    spans: Vec<Span>,
    doubts: Vec<Doubt>,
}

impl Life<'_> {
    fn apply(&mut self, event: &Event) {
        let at = event.at.max(self.begin);
        let seen = matches!(event.change, Change::Seen { .. });
        if event.at < self.begin && !seen {
            self.doubt(DoubtKind::BeforeCreation, event.at, self.begin);
        }
        if self.gone {
            self.apply_after_deletion(&event.change, at);
            return;
        }
        self.advance(at);
        match &event.change {
            Change::Created { power, charges, .. } => {
                self.doubt(DoubtKind::CreatedTwice, self.begin, at);
                self.see_power(Some(*power), at);
                self.see_charges(charges.as_ref(), at);
            }
            Change::Started => self.switch(Power::Running, at),
            Change::Stopped => self.switch(Power::Stopped, at),
            Change::Resized { charges } | Change::PriceChanged { charges } => self.charges = Some(charges.clone()),
            Change::Deleted => self.gone = true,
            Change::Seen { state: Sighting::Gone, .. } => {
                self.doubt(DoubtKind::DeletionMissed, self.confirmed, at);
                self.gone = true;
            }
            Change::Seen { state, charges, .. } => {
                self.see_power(state.power(), at);
                self.see_charges(charges.as_ref(), at);
            }
        }
        self.confirmed = at;
    }

    /// Nothing comes back; that somebody deletes it again, or sees that it is gone, is no surprise.
    fn apply_after_deletion(&mut self, change: &Change, at: Timestamp) {
        let expected = match change {
            Change::Deleted => true,
            Change::Seen { state, .. } => matches!(state, Sighting::Gone | Sighting::Present),
            _ => false,
        };
        if !expected {
            self.doubt(DoubtKind::AfterDeletion, self.at, at);
        }
    }

    /// A start or a stop that was recorded. One that finds nothing to do tells that the other one was lost before it.
    fn switch(&mut self, to: Power, at: Timestamp) {
        if self.power == to {
            let missed = match to {
                Power::Running => DoubtKind::StopMissed,
                Power::Stopped => DoubtKind::StartMissed,
            };
            self.doubt(missed, self.confirmed, at);
        }
        self.power = to;
    }

    /// A state that was seen. One that nobody recorded holds from when it was seen.
    fn see_power(&mut self, seen: Option<Power>, at: Timestamp) {
        let Some(seen) = seen.filter(|seen| *seen != self.power) else { return };
        let missed = match seen {
            Power::Running => DoubtKind::StartMissed,
            Power::Stopped => DoubtKind::StopMissed,
        };
        self.doubt(missed, self.confirmed, at);
        self.power = seen;
    }

    fn see_charges(&mut self, seen: Option<&Charges>, at: Timestamp) {
        let Some(seen) = seen.filter(|seen| self.charges.as_ref() != Some(seen)) else { return };
        self.doubt(DoubtKind::PriceChangeMissed, self.confirmed, at);
        self.charges = Some(seen.clone());
    }

    /// Ends the stretch that holds; a stretch of no length is none.
    fn advance(&mut self, to: Timestamp) {
        if to > self.at {
            let (power, charges) = (self.power, self.charges.clone());
            match self.spans.last_mut() {
                Some(last) if last.power == power && last.charges == charges => last.to = to,
                _ => self.spans.push(Span { from: self.at, to, power, charges }),
            }
            self.at = to;
        }
    }

    fn doubt(&mut self, kind: DoubtKind, since: Timestamp, until: Timestamp) {
        self.doubts.push(Doubt { subject: self.subject.clone(), since, until, kind });
    }
}
