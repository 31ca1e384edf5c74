//! What a bill rests on that nobody saw: events that were lost, or whose dates cannot be right.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::Subject;

/// Something that the log does not tell, and what the bill took for true instead. A bill without doubts is exact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Doubt {
    /// About what.
    pub subject: Subject,
    /// From when on the truth may differ from the bill.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// What is not known.
    pub kind: DoubtKind,
}

/// What is not known, and what the bill takes for true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DoubtKind {
    /// Its creation was not recorded. It is billed from the time that the provider named as its creation, or, where none
    /// was named, from the first event that is known of it.
    CreationMissed,
    /// Two creations were recorded. The first one counts; the other tells its charges and whose it is.
    CreatedTwice,
    /// A change is dated before the creation, as by a clock that was set back. It counts as of the creation.
    BeforeCreation,
    /// A change is dated after the deletion. It counts for nothing: what is deleted does not come back.
    AfterDeletion,
    /// A change is dated in the future, as by a clock that is ahead. It counts for nothing until its time has come.
    InTheFuture,
    /// It runs, and nobody recorded that it was started. It counts as stopped until then.
    StartMissed,
    /// It is stopped, or was started once more, and nobody recorded that it was stopped. It counts as running until then.
    StopMissed,
    /// It is gone, and nobody recorded that it was deleted. It is billed until it was missed.
    DeletionMissed,
    /// It costs another price, and nobody recorded since when. The old price counts until then.
    PriceChangeMissed,
    /// Its first price was told later. That price counts from the creation on.
    PriceAssumed,
    /// Its price, or how its use is counted, was never told. Nothing is billed for it.
    PriceUnknown,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({} to {})", self.subject, self.kind, self.since, self.until)
    }
}

impl fmt::Display for DoubtKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CreationMissed => "its creation was not recorded",
            Self::CreatedTwice => "it was recorded as created twice",
            Self::BeforeCreation => "a change is dated before its creation",
            Self::AfterDeletion => "a change is dated after its deletion",
            Self::InTheFuture => "a change is dated in the future",
            Self::StartMissed => "it was started, and that was not recorded",
            Self::StopMissed => "it was stopped, and that was not recorded",
            Self::DeletionMissed => "it was deleted, and that was not recorded",
            Self::PriceChangeMissed => "its price changed, and that was not recorded",
            Self::PriceAssumed => "its first price was told later",
            Self::PriceUnknown => "its price was never told",
        })
    }
}
