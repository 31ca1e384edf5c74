//! What this process has seen and need not ask for again, bounded.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A map that forgets what it learned first once it is full.
///
/// ```
/// let keys = cloud_driver::Known::default();
/// keys.learn("cloud-1a2b", 7);
/// assert_eq!(keys.get("cloud-1a2b"), Some(7));
/// keys.forget("cloud-1a2b");
/// assert_eq!(keys.get("cloud-1a2b"), None);
/// ```
#[derive(Debug)]
pub struct Known<K, V> {
    most: usize,
    map: Mutex<Map<K, V>>,
}

#[derive(Debug)]
struct Map<K, V> {
    /// Counts what was learned: the age of an entry.
    learned: u64,
    entries: HashMap<K, (u64, V)>,
}

impl<K: Hash + Eq, V: Clone> Known<K, V> {
    /// Room for so many entries.
    #[must_use]
    pub fn at_most(most: usize) -> Self {
        Self { most, map: Mutex::new(Map { learned: 0, entries: HashMap::new() }) }
    }

    /// What was learned of this key.
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.map().entries.get(key).map(|(_, value)| value.clone())
    }

    /// What was learned of this key; what `make` makes of it where nothing was.
    pub fn get_or(&self, key: K, make: impl FnOnce() -> V) -> V {
        let mut map = self.map();
        if let Some((_, value)) = map.entries.get(&key) {
            return value.clone();
        }
        let value = make();
        map.learn(self.most, key, value.clone());
        value
    }

    /// Whether anything was learned of this key.
    pub fn has<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: std::borrow::Borrow<Q>,
    {
        self.map().entries.contains_key(key)
    }

    /// Remembers this.
    pub fn learn(&self, key: K, value: V) {
        self.map().learn(self.most, key, value);
    }

    /// Forgets this key: what it stood for has vanished.
    pub fn forget<Q: Hash + Eq + ?Sized>(&self, key: &Q)
    where
        K: std::borrow::Borrow<Q>,
    {
        self.map().entries.remove(key);
    }

    /// Forgets all that this does not hold for.
    pub fn retain(&self, keep: impl Fn(&K, &V) -> bool) {
        self.map().entries.retain(|key, (_, value)| keep(key, value));
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.map().entries.clear();
    }

    fn map(&self) -> MutexGuard<'_, Map<K, V>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq, V> Map<K, V> {
    fn learn(&mut self, most: usize, key: K, value: V) {
        self.learned += 1;
        let learned = self.learned;
        self.entries.insert(key, (learned, value));
        if self.entries.len() > most {
            let old = learned.saturating_sub(most as u64 / 2);
            self.entries.retain(|_, (age, _)| *age > old);
        }
    }
}

impl<K: Hash + Eq, V: Clone> Default for Known<K, V> {
    fn default() -> Self {
        Self::at_most(MOST)
    }
}

/// More than any account holds of what hosts share.
const MOST: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learned_first_is_forgotten_first() {
        let known = Known::at_most(10);
        for number in 0..25 {
            known.learn(number, number * 2);
        }
        assert!(known.map().entries.len() <= 10);
        assert_eq!((known.get(&24), known.get(&0)), (Some(48), None));
        known.retain(|number, _| *number != 24);
        assert!(!known.has(&24) && known.has(&23));
    }

    #[test]
    fn what_is_made_for_a_key_is_made_once() {
        let known = Known::at_most(10);
        assert_eq!((known.get_or("a", || 1), known.get_or("a", || 2)), (1, 1));
    }
}
