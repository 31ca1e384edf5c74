//! One kind of record by id and by name, with the lag that readers see.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::{Record, Result, WorldError};

/// Records by id, with an index by name and, for lagging reads, what is hidden still and what is
/// shown although it is gone.
#[derive(Debug, Clone)]
pub struct Table<T> {
    records: BTreeMap<u64, T>,
    names: BTreeMap<String, BTreeSet<u64>>,
    hidden: BTreeMap<u64, Timestamp>,
    ghosts: BTreeMap<u64, (T, Timestamp)>,
}

impl<T: Record> Table<T> {
    /// The record with this id, as it truly is.
    ///
    /// # Errors
    /// [`WorldError::NotFound`].
    pub fn find(&self, id: u64) -> Result<&T> {
        self.records.get(&id).ok_or_else(|| WorldError::not_found(T::KIND, id))
    }

    /// The record with this id, to change anything but its id and name.
    ///
    /// # Errors
    /// [`WorldError::NotFound`].
    pub fn find_mut(&mut self, id: u64) -> Result<&mut T> {
        self.records.get_mut(&id).ok_or_else(|| WorldError::not_found(T::KIND, id))
    }

    /// All records of that name, oldest first.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &T> {
        self.names.get(name).into_iter().flatten().filter_map(|id| self.records.get(id))
    }

    /// All records as they truly are, in the order of their ids.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.records.values()
    }

    /// How many there truly are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The record as a reader sees it at `now`: a fresh one may not be seen yet.
    #[must_use]
    pub fn seen(&self, id: u64, now: Timestamp) -> Option<&T> {
        let record = self.records.get(&id)?;
        (!self.is_hidden(id, now)).then_some(record)
    }

    /// All records as a list shows them at `now`, in the order of their ids: fresh ones may miss,
    /// deleted ones may show still.
    pub fn listed(&self, now: Timestamp) -> Box<dyn Iterator<Item = &T> + '_> {
        if self.hidden.is_empty() && self.ghosts.is_empty() {
            return Box::new(self.records.values());
        }
        let mut shown: BTreeMap<u64, &T> = self
            .records
            .iter()
            .filter(|(id, _)| !self.is_hidden(**id, now))
            .map(|(id, record)| (*id, record))
            .collect();
        for (id, (ghost, until)) in &self.ghosts {
            if *until > now {
                shown.insert(*id, ghost);
            }
        }
        Box::new(shown.into_values())
    }

    /// What [`Table::listed`] shows, but only of that name where one is given; with a name it does
    /// not look at the other records.
    pub fn search<'a>(&'a self, name: Option<&'a str>, now: Timestamp) -> Box<dyn Iterator<Item = &'a T> + 'a> {
        let Some(name) = name else {
            return self.listed(now);
        };
        let ghosts = self
            .ghosts
            .values()
            .filter(move |(ghost, until)| *until > now && ghost.name() == Some(name))
            .map(|(ghost, _)| ghost);
        let shown = self.named(name);
        Box::new(ghosts.chain(shown.filter(move |record| !self.is_hidden(record.id(), now))))
    }

    /// Adds a record that readers see from `visible_from` on.
    pub(crate) fn insert(&mut self, record: T, visible_from: Option<Timestamp>) {
        let id = record.id();
        if let Some(name) = record.name() {
            self.names.entry(name.to_owned()).or_default().insert(id);
        }
        if let Some(visible_from) = visible_from {
            self.hidden.insert(id, visible_from);
        }
        self.records.insert(id, record);
    }

    /// Takes a record out; lists show it until `shown_until`.
    pub(crate) fn remove(&mut self, id: u64, shown_until: Option<Timestamp>) -> Option<T> {
        let record = self.records.remove(&id)?;
        self.forget_name(&record);
        let was_hidden = self.hidden.remove(&id).is_some();
        if let Some(until) = shown_until
            && !was_hidden
        {
            self.ghosts.insert(id, (record.clone(), until));
        }
        Some(record)
    }

    /// Gives a record another name.
    pub(crate) fn rename(&mut self, id: u64, name: String) -> Result<()> {
        let mut record = self.find(id)?.clone();
        self.forget_name(&record);
        self.names.entry(name.clone()).or_default().insert(id);
        record.rename(name);
        self.records.insert(id, record);
        Ok(())
    }

    /// Forgets lags that are over at `now`.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        self.hidden.retain(|_, from| *from > now);
        self.ghosts.retain(|_, (_, until)| *until > now);
    }

    fn is_hidden(&self, id: u64, now: Timestamp) -> bool {
        self.hidden.get(&id).is_some_and(|from| *from > now)
    }

    fn forget_name(&mut self, record: &T) {
        let Some(name) = record.name() else { return };
        if let Some(ids) = self.names.get_mut(name) {
            ids.remove(&record.id());
            if ids.is_empty() {
                self.names.remove(name);
            }
        }
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { records: BTreeMap::new(), names: BTreeMap::new(), hidden: BTreeMap::new(), ghosts: BTreeMap::new() }
    }
}

impl<T: Serialize> Serialize for Table<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq(self.records.values())
    }
}
