//! What the fields on simulators share: how one is started, and the census of its world.

use std::time::Duration;

use cloud_sim::{RateLimit, SimConfig, Stats};
use cloud_types::ownership;
use cloud_world::{Host, ImageKind, Labels, World};

use super::{Census, SPEED};

/// A simulator whose requests meet faults with this probability. The budget of calls is a trial of its own.
pub(super) fn config(faults: f64, seed: u64) -> SimConfig {
    let rate_limit = RateLimit { limit: 1_000_000_000, per_second: 1e6, initial: None };
    SimConfig { speed: SPEED, seed, faults, rate_limit, ..SimConfig::default() }
}

/// What a world holds; `id` is how the provider names a host.
pub(super) fn census(world: &World, stats: &Stats, id: impl Fn(&Host) -> String) -> Census {
    let label = |labels: &Labels, key: &str| labels.get(key).cloned().unwrap_or_default();
    let snapshots = world.images.iter().filter(|image| image.kind == ImageKind::Snapshot);
    Census {
        hosts: world
            .hosts
            .iter()
            .map(|host| (label(&host.labels, ownership::OWNER), host.name.clone(), id(host)))
            .collect(),
        snapshots: snapshots.map(|image| label(&image.labels, ownership::NAME)).collect(),
        counts: world.counts().into_iter().map(|(kind, count)| (kind.words().to_owned(), count)).collect(),
        calls: stats.total_calls(),
        faults: stats.total_faults(),
    }
}

/// Simulated time: on a busy machine an answer takes a simulated second, and it is lost often.
pub(super) const DEADLINE: Duration = Duration::from_secs(120);
