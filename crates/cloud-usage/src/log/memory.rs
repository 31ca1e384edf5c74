//! A log that lasts as long as the program: for tests, and for bills of one run.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use cloud_types::Result;

use super::{Appended, Entry, EventLog};
use crate::ledger::taken;
use crate::{Event, EventId};

/// Events in memory.
#[derive(Debug, Default)]
pub struct MemoryLog {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    events: Vec<Event>,
    positions: HashMap<EventId, usize>,
}

impl MemoryLog {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn append(&self, events: &[Event]) -> Result<Vec<Appended>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let length = kept.events.len();
        let appended: Result<Vec<_>> = events.iter().map(|event| kept.put(event)).collect();
        if appended.is_err() {
            kept.cut(length);
        }
        appended
    }

    async fn read(&self, after: u64, most: usize) -> Result<Vec<Entry>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = kept.events.iter().zip(1..).map(|(event, position)| Entry { position, event: event.clone() });
        Ok(entries.skip_while(|entry| entry.position <= after).take(most).collect())
    }
}

impl Kept {
    fn put(&mut self, event: &Event) -> Result<Appended> {
        match self.positions.get(&event.id).map(|index| &self.events[*index]) {
            Some(known) if known == event => Ok(Appended::Repeated),
            Some(_) => Err(taken(&event.id)),
            None => {
                self.positions.insert(event.id.clone(), self.events.len());
                self.events.push(event.clone());
                Ok(Appended::New)
            }
        }
    }

    fn cut(&mut self, length: usize) {
        for event in self.events.drain(length..) {
            self.positions.remove(&event.id);
        }
    }
}
