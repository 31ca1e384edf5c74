//! What should be there, compared with what is.

use std::collections::{BTreeMap, BTreeSet};

use cloud_types::{Error, Result};
use serde::Serialize;

use super::Census;
use super::life::{End, Lived};
use super::plan::{self, Plan};

/// What a run has shown. Serializes to the keys that are asked for; remarks and troubles are for people.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The provider's name.
    pub provider: &'static str,
    /// Where all chance started.
    pub seed: u64,
    /// How many hosts were asked for.
    pub hosts_asked: usize,
    /// How many the world held before they were deleted.
    pub hosts_existing: usize,
    /// Hosts or snapshots beyond the one of their owner and name, and those that nobody asked for.
    pub duplicates: usize,
    /// Hosts or snapshots that were told of and are not there, or are there and not shown.
    pub lost: usize,
    /// What the world holds after everything was deleted, by kind.
    pub leftovers: BTreeMap<String, usize>,
    /// Requests that met a fault.
    pub faults_injected: u64,
    /// Calls that were dropped before their end.
    pub futures_dropped: u64,
    /// Requests.
    pub calls: u64,
    /// Real time.
    pub seconds: f64,
    /// What is wrong, in words.
    #[serde(skip)]
    pub remarks: Vec<String>,
    /// How often each call ended with each kind of error.
    #[serde(skip)]
    pub troubles: BTreeMap<String, u64>,
}

impl Report {
    /// Whether every promise was kept and every call succeeded in the end.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.duplicates == 0 && self.lost == 0 && self.leftovers.is_empty() && self.remarks.is_empty()
    }
}

/// What should be there.
pub(super) struct Expected {
    lives: Vec<(Plan, Lived)>,
    /// Lives that came to an end which no repeat mends.
    failed: Vec<(Plan, Error)>,
}

/// What the comparison found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) duplicates: usize,
    pub(super) lost: usize,
    pub(super) remarks: Vec<String>,
}

impl Expected {
    pub(super) fn new(outcomes: Vec<(Plan, Result<Lived>)>) -> Self {
        let mut expected = Self { lives: Vec::new(), failed: Vec::new() };
        for (plan, outcome) in outcomes {
            match outcome {
                Ok(lived) => expected.lives.push((plan, lived)),
                Err(error) => expected.failed.push((plan, error)),
            }
        }
        expected
    }

    /// What is to be deleted in the end.
    pub(super) fn to_end(&self) -> Vec<End> {
        self.lives.iter().map(|(plan, lived)| End { plan: plan.clone(), lived: lived.clone() }).collect()
    }

    pub(super) fn compare(&self, world: &Census, shown: &Result<Vec<(String, String)>>) -> Found {
        let mut found = Found::default();
        for (plan, error) in &self.failed {
            found.remarks.push(format!("{}: {error}", plan.spec.name));
        }
        self.hosts(world, &mut found);
        self.snapshots(world, &mut found);
        match shown {
            Err(error) => found.remarks.push(format!("listing: {error}")),
            Ok(shown) => unseen(world, shown, &mut found),
        }
        found
    }

    fn hosts(&self, world: &Census, found: &mut Found) {
        let owners = plan::owners().expect("the owners' names are valid");
        let mut by_name: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
        for (owner, name, id) in &world.hosts {
            by_name.entry((owner, name)).or_default().insert(id);
        }
        for ((owner, name), ids) in by_name.iter().filter(|(_, ids)| ids.len() > 1) {
            found.duplicates += ids.len() - 1;
            found.remarks.push(format!("{owner}/{name} is there {} times: {ids:?}", ids.len()));
        }
        for (plan, lived) in &self.lives {
            let ids = by_name.remove(&(owners[plan.owner].as_str(), plan.spec.name.as_str())).unwrap_or_default();
            for told in lived.ids.iter().filter(|told| !ids.contains(told.as_str())) {
                found.lost += 1;
                found.remarks.push(format!("{} was told to be {told}, there is {ids:?}", plan.spec.name));
            }
        }
        for (plan, _) in &self.failed {
            by_name.remove(&(owners[plan.owner].as_str(), plan.spec.name.as_str()));
        }
        for ((owner, name), ids) in by_name {
            found.duplicates += ids.len();
            found.remarks.push(format!("{owner}/{name} was never asked for: {ids:?}"));
        }
    }

    fn snapshots(&self, world: &Census, found: &mut Found) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for name in &world.snapshots {
            *counts.entry(name).or_default() += 1;
        }
        for (name, count) in counts.iter().filter(|(_, count)| **count > 1) {
            found.duplicates += count - 1;
            found.remarks.push(format!("snapshot {name} is there {count} times"));
        }
        for (plan, lived) in &self.lives {
            if let (Some(name), Some(id)) = (&plan.snapshot, &lived.snapshot)
                && !counts.contains_key(name.as_str())
            {
                found.lost += 1;
                found.remarks.push(format!("snapshot {name} was told to be {id} and is not there"));
            }
        }
    }
}

/// Hosts that are there and not shown by the lists.
fn unseen(world: &Census, shown: &[(String, String)], found: &mut Found) {
    let shown: BTreeSet<_> = shown.iter().collect();
    for (owner, name, id) in &world.hosts {
        if !shown.contains(&(owner.clone(), id.clone())) {
            found.lost += 1;
            found.remarks.push(format!("{owner}/{name} is there as {id} and no list shows it"));
        }
    }
}
