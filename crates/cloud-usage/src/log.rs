//! Where events are kept: a trait for a service's own database, and logs in memory and in a file.

#[cfg(feature = "embedded")]
mod file;
mod memory;

use std::fmt::Debug;

use async_trait::async_trait;
use cloud_types::Result;

use crate::Event;

#[cfg(feature = "embedded")]
pub use file::FileLog;
pub use memory::MemoryLog;

/// An append-only list of events. What was appended is never changed and never taken away.
///
/// In a database of one's own it is a table of position, event id (unique) and the event as JSON.
#[async_trait]
pub trait EventLog: Debug + Send + Sync {
    /// Appends events, all or none, and answers once they would survive a crash; for each it says whether it was new.
    ///
    /// # Contract
    /// - An event whose id is there with the same content is not appended again: [`Appended::Repeated`].
    /// - Whoever does not know whether an append came through repeats it.
    ///
    /// # Errors
    /// `AlreadyExists` (an id is there with another content; nothing was appended), and what the log itself can meet.
    async fn append(&self, events: &[Event]) -> Result<Vec<Appended>>;

    /// Reads at most so many entries after a position, in order; 0 is before the first.
    ///
    /// # Contract
    /// - Positions grow, with or without holes. An entry is seen only once all entries of lower positions are: who
    ///   numbers entries by a sequence of a database must take care that transactions end in that order.
    ///
    /// # Errors
    /// What the log itself can meet.
    async fn read(&self, after: u64, most: usize) -> Result<Vec<Entry>>;
}

/// What became of an event that was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It was not there before.
    New,
    /// It was there already, and nothing was changed.
    Repeated,
}

/// An event in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it is in the log.
    pub position: u64,
    /// The event.
    pub event: Event,
}
