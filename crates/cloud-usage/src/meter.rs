//! The meter: records what happened in a log, and makes bills of it.

use std::sync::Arc;

use cloud_types::{Clock, Result, SystemClock};
use jiff::Timestamp;
use tokio::sync::{Mutex, MutexGuard};

use crate::{Appended, Bill, Event, EventLog, Ledger, Query, Standing, Subject};

/// Turns what happened into what it cost. Clones share the log.
///
/// A bill reads what the log has got since the last one, also from others; all events stay in memory.
#[derive(Debug, Clone)]
pub struct Meter {
    log: Arc<dyn EventLog>,
    clock: Arc<dyn Clock>,
    read: Arc<Mutex<Read>>,
}

/// The part of the log that was read.
#[derive(Debug, Default)]
struct Read {
    after: u64,
    ledger: Ledger,
}

impl Meter {
    /// A meter on a log, by the real time.
    #[must_use]
    pub fn new(log: impl EventLog + 'static) -> Self {
        Self { log: Arc::new(log), clock: Arc::new(SystemClock), read: Arc::default() }
    }

    /// The same by this clock, which should be that of the provider's hosts.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The log that it records in.
    #[must_use]
    pub fn log(&self) -> &dyn EventLog {
        &*self.log
    }

    /// Records an event; answers once it would survive a crash. A repeat changes nothing.
    ///
    /// # Errors
    /// As [`EventLog::append`].
    pub async fn record(&self, event: Event) -> Result<Appended> {
        let appended = self.record_all(&[event]).await?;
        Ok(appended.first().copied().unwrap_or(Appended::Repeated))
    }

    /// Records events, all or none.
    ///
    /// # Errors
    /// As [`EventLog::append`].
    pub async fn record_all(&self, events: &[Event]) -> Result<Vec<Appended>> {
        self.log.append(events).await
    }

    /// What was asked for, up to now: what is yet to come is not guessed.
    ///
    /// # Errors
    /// As [`EventLog::read`], and `InvalidRequest` on field `price` where an amount is too large to be counted exactly.
    pub async fn bill(&self, query: &Query) -> Result<Bill> {
        let now = self.clock.now();
        self.catch_up().await?.ledger.bill(query, now)
    }

    /// What the log says that a subject is now; `None` for one that it does not know.
    ///
    /// # Errors
    /// As [`EventLog::read`].
    pub async fn standing(&self, subject: &Subject) -> Result<Option<Standing>> {
        self.standing_at(subject, self.clock.now()).await
    }

    pub(crate) async fn standing_at(&self, subject: &Subject, at: Timestamp) -> Result<Option<Standing>> {
        Ok(self.catch_up().await?.ledger.standing(subject, at))
    }

    /// All that the log says to be there now.
    ///
    /// # Errors
    /// As [`EventLog::read`].
    pub async fn present(&self) -> Result<Vec<(Subject, Standing)>> {
        let now = self.clock.now();
        let read = self.catch_up().await?;
        let ledger = &read.ledger;
        let known = ledger.subjects().filter_map(|subject| Some((subject.clone(), ledger.standing(subject, now)?)));
        Ok(known.filter(|(_, standing)| !standing.gone).collect())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Reads the rest of the log.
    async fn catch_up(&self) -> Result<MutexGuard<'_, Read>> {
        let mut read = self.read.lock().await;
        loop {
            let entries = self.log.read(read.after, PAGE).await?;
            let last = entries.len() < PAGE;
            for entry in entries {
                read.ledger.add(entry.event)?;
                read.after = entry.position;
            }
            if last {
                return Ok(read);
            }
        }
    }
}

/// How many entries are read at once.
const PAGE: usize = 1000;
