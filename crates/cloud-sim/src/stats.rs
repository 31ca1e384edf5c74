//! What a simulator counted.

use std::collections::BTreeMap;

use serde::Serialize;

/// What a simulator counted since its start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Requests, by method and path template such as `GET /servers/{id}`.
    pub calls: BTreeMap<String, u64>,
    /// Requests that were refused because the rate limit was used up; faults are not in it.
    pub rate_limited: u64,
    /// Faults that were met, by kind.
    pub faults: BTreeMap<String, u64>,
}

impl Stats {
    /// All requests.
    #[must_use]
    pub fn total_calls(&self) -> u64 {
        self.calls.values().sum()
    }

    /// All faults.
    #[must_use]
    pub fn total_faults(&self) -> u64 {
        self.faults.values().sum()
    }

    pub(crate) fn count_call(&mut self, call: String) {
        *self.calls.entry(call).or_default() += 1;
    }

    pub(crate) fn count_fault(&mut self, kind: &str) {
        *self.faults.entry(kind.to_owned()).or_default() += 1;
    }
}
