//! What a world is made with: its seed, pace, lag, rules, quotas and catalog.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;

use crate::{Catalog, Kind};

/// What a world is made with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where random numbers start; the same seed and calls give the same world.
    pub seed: u64,
    /// How long things take.
    pub timings: Timings,
    /// How late readers see changes.
    pub lag: Lag,
    /// What providers differ in.
    pub rules: Rules,
    /// The most that the account may have of a kind; a kind that is absent has no limit.
    pub quotas: BTreeMap<Kind, u64>,
    /// What can be ordered.
    pub catalog: Catalog,
}

impl Settings {
    /// The catalog of [`Catalog::small`], usual timings, no lag and no quotas.
    #[must_use]
    pub fn small(seed: u64) -> Self {
        Self {
            seed,
            timings: Timings::usual(),
            lag: Lag::default(),
            rules: Rules::default(),
            quotas: BTreeMap::new(),
            catalog: Catalog::small(),
        }
    }
}

/// How long each sort of action takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Timings {
    /// Making a host, up to where it can boot.
    pub create: Duration,
    /// Booting.
    pub start: Duration,
    /// Cutting the power.
    pub stop: Duration,
    /// From the shutdown signal to powered off.
    pub shutdown: Duration,
    /// Booting again.
    pub restart: Duration,
    /// Writing the boot disk anew.
    pub rebuild: Duration,
    /// Moving to another machine type.
    pub resize: Duration,
    /// Making a snapshot.
    pub snapshot: Duration,
    /// Deleting a host.
    pub delete: Duration,
    /// Making, attaching, detaching or growing a volume.
    pub volume: Duration,
    /// Everything small, such as setting firewall rules.
    pub small: Duration,
    /// How much a duration varies: 0.2 draws between 0.8 and 1.2 times the duration.
    pub jitter: f64,
}

impl Timings {
    /// About what the clouds take: seconds to create and start, a minute for a snapshot.
    #[must_use]
    pub fn usual() -> Self {
        Self {
            create: Duration::from_secs(8),
            start: Duration::from_secs(5),
            stop: Duration::from_secs(3),
            shutdown: Duration::from_secs(6),
            restart: Duration::from_secs(6),
            rebuild: Duration::from_secs(20),
            resize: Duration::from_secs(40),
            snapshot: Duration::from_secs(60),
            delete: Duration::ZERO,
            volume: Duration::from_secs(2),
            small: Duration::from_millis(800),
            jitter: 0.2,
        }
    }

    /// Everything is done at once, within the call.
    #[must_use]
    pub fn instant() -> Self {
        Self {
            create: Duration::ZERO,
            start: Duration::ZERO,
            stop: Duration::ZERO,
            shutdown: Duration::ZERO,
            restart: Duration::ZERO,
            rebuild: Duration::ZERO,
            resize: Duration::ZERO,
            snapshot: Duration::ZERO,
            delete: Duration::ZERO,
            volume: Duration::ZERO,
            small: Duration::ZERO,
            jitter: 0.0,
        }
    }
}

/// How late readers see changes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Lag {
    /// The longest that a fresh thing is missing in answers and lists.
    pub create: Duration,
    /// The longest that a deleted thing is still shown in lists.
    pub delete: Duration,
    /// How many changes are late at all, 0 to 1.
    pub chance: f64,
}

/// What providers differ in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// The kinds of which no two may have the same name.
    pub unique_names: BTreeSet<Kind>,
    /// Whether a host whose creation fails is gone, instead of being left as failed.
    pub failed_hosts_vanish: bool,
    /// Whether the same public key can be there once only, under whatever name.
    pub unique_keys: bool,
    /// Whether a host is locked while a volume is attached to it or detached.
    pub attaching_locks_hosts: bool,
}

impl Default for Rules {
    /// Names of every owned kind are unique, so are public keys; failed hosts stay, and attaching locks
    /// hosts.
    fn default() -> Self {
        Self {
            unique_names: Kind::OWNED.into_iter().collect(),
            failed_hosts_vanish: false,
            unique_keys: true,
            attaching_locks_hosts: true,
        }
    }
}
