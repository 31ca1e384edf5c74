//! What happened to a subject: the entries of the log that bills are made of.

use std::fmt;

use cloud_types::{Error, HostState, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Charges, Subject, Tags};

/// One thing that happened, once. The same event again changes nothing, however late it comes.
///
/// Events are put in order by `at`, and at the same instant by `id`: the order in which they arrive has no part in a bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// Which event: by it a repeat is known.
    pub id: EventId,
    /// When it happened, by the clock of who saw it.
    pub at: Timestamp,
    /// To what.
    pub subject: Subject,
    /// What happened.
    #[serde(flatten)]
    pub change: Change,
}

/// An event's own name, chosen by who records it: 1 to 200 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventId(String);

/// What happened to a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// It was made, and is billed from now on.
    Created {
        /// Whether it runs. What is no host always does.
        power: Power,
        /// What it costs; `None` where nobody could tell, until another event does.
        charges: Option<Charges>,
        /// Whose it is.
        tags: Tags,
    },
    /// It runs from now on. Of a volume: it is billed apart from hosts from now on.
    Started,
    /// It is stopped from now on. Of a volume: it is billed with the host that it is attached to from now on.
    Stopped,
    /// It has another size, and these prices, from now on.
    Resized {
        /// What it costs.
        charges: Charges,
    },
    /// The provider has changed its prices: these hold from now on.
    PriceChanged {
        /// What it costs.
        charges: Charges,
    },
    /// It is gone, and is billed no more.
    Deleted,
    /// The provider was asked, and this is what it said. It mends what was lost: see [`Doubt`](crate::Doubt).
    Seen {
        /// What it does.
        state: Sighting,
        /// When it was made, where the provider says so.
        created_at: Option<Timestamp>,
        /// What it costs, where that was asked too.
        charges: Option<Charges>,
        /// Whose it is, where the provider says so.
        tags: Option<Tags>,
    },
}

/// Whether a subject runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Power {
    /// All its charges are billed.
    Running,
    /// Those charges are billed that are
    /// [billed while it is stopped](crate::Charge::billed_when_stopped).
    Stopped,
}

/// What a subject was seen to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sighting {
    /// It runs.
    Running,
    /// It is stopped.
    Stopped,
    /// It is there, on its way from one to the other, or in a state that says nothing about power.
    Present,
    /// The provider has it no more.
    Gone,
}

impl Event {
    /// An event.
    #[must_use]
    pub fn new(id: EventId, at: Timestamp, subject: Subject, change: Change) -> Self {
        Self { id, at, subject, change }
    }

    /// An event under a new random id: for who hands it over exactly once, or keeps it until that has succeeded.
    #[must_use]
    pub fn with_new_id(at: Timestamp, subject: Subject, change: Change) -> Self {
        Self::new(EventId::random(), at, subject, change)
    }
}

impl EventId {
    /// Checks and takes an id.
    ///
    /// # Errors
    /// [`InvalidRequest`](cloud_types::ErrorKind::InvalidRequest) on field `id` where the text breaks the rule above.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        if (1..=200).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self(text));
        }
        Err(Error::invalid("id", "must be 1 to 200 visible ASCII characters"))
    }

    /// An id that no other event has.
    #[must_use]
    pub fn random() -> Self {
        Self(format!("{:032x}", fastrand::u128(..)))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Change {
    /// A host or volume was made and runs, at these charges.
    #[must_use]
    pub fn created(charges: Charges, tags: Tags) -> Self {
        Self::Created { power: Power::Running, charges: Some(charges), tags }
    }

    /// A sighting that tells the state alone.
    #[must_use]
    pub fn seen(state: Sighting) -> Self {
        Self::Seen { state, created_at: None, charges: None, tags: None }
    }

    /// The charges that hold from this change on, where it says so.
    #[must_use]
    pub fn charges(&self) -> Option<&Charges> {
        match self {
            Self::Resized { charges } | Self::PriceChanged { charges } => Some(charges),
            Self::Created { charges, .. } | Self::Seen { charges, .. } => charges.as_ref(),
            Self::Started | Self::Stopped | Self::Deleted => None,
        }
    }

    /// Whose it is, where this change says so.
    #[must_use]
    pub fn tags(&self) -> Option<&Tags> {
        match self {
            Self::Created { tags, .. } => Some(tags),
            Self::Seen { tags, .. } => tags.as_ref(),
            _ => None,
        }
    }
}

impl Sighting {
    /// What a host's state says. A host that starts runs, one that is suspended or was taken away is stopped; of one that
    /// is being made, stopped or deleted, has failed, or is in a state that nobody knows, only that it is there.
    #[must_use]
    pub fn of(state: &HostState) -> Self {
        match state {
            HostState::Running | HostState::Starting => Self::Running,
            HostState::Stopped | HostState::Suspended | HostState::Preempted => Self::Stopped,
            _ => Self::Present,
        }
    }

    /// The power that it tells of.
    #[must_use]
    pub fn power(self) -> Option<Power> {
        match self {
            Self::Running => Some(Power::Running),
            Self::Stopped => Some(Power::Stopped),
            Self::Present | Self::Gone => None,
        }
    }
}

impl TryFrom<String> for EventId {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        Self::new(text)
    }
}

impl From<EventId> for String {
    fn from(id: EventId) -> Self {
        id.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use cloud_types::{CostKind, Currency, HostId, Money, ProviderId, Rate, Terms};

    use super::*;
    use crate::Charge;

    /// Logs outlive versions: this form stays readable.
    const WRITTEN: &str = concat!(
        r#"{"id":"e-1","at":"2026-11-02T10:00:00Z","subject":{"provider":"acme","kind":"host","id":"h-1"},"#,
        r#""change":"created","power":"running","charges":[{"kind":"machine","description":"small","#,
        r#""rate":{"Hourly":{"price":{"amount":"0.006","currency":"EUR"},"cap":null}},"billed_when_stopped":false,"#,
        r#""terms":{"first":3600,"then":3600,"monthly":"at_most_the_price"}}],"tags":{"name":"web-1"}}"#,
    );

    #[test]
    fn an_event_is_written_in_a_form_that_stays() {
        let rate = Rate::hourly_price(Money::parse("0.0060", Currency::EUR).unwrap());
        let charge = Charge::new(CostKind::Machine, "small", rate, Terms::HOUR).not_billed_when_stopped();
        let tags = Tags { name: Some("web-1".to_owned()), ..Tags::default() };
        let event = Event::new(
            EventId::new("e-1").unwrap(),
            "2026-11-02T10:00:00Z".parse().unwrap(),
            Subject::host(&ProviderId::new("acme"), &HostId::new("h-1")),
            Change::created(Charges::new(vec![charge]).unwrap(), tags),
        );
        assert_eq!(serde_json::to_string(&event).unwrap(), WRITTEN);
        assert_eq!(serde_json::from_str::<Event>(WRITTEN).unwrap(), event);
    }

    #[test]
    fn charges_that_break_a_rule_are_not_read() {
        for broken in [WRITTEN.replace("0.006", "-0.006"), WRITTEN.replace("\"first\":3600", "\"first\":0")] {
            assert!(serde_json::from_str::<Event>(&broken).is_err(), "{broken}");
        }
        assert_eq!(EventId::new("with blank").unwrap_err().field(), Some("id"));
    }
}
