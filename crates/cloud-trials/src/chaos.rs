//! Chaos: thousands of creates, resizes, snapshots and deletes under faults, and what is left of them in the end.
//!
//! Callers repeat what fails, drop calls that take too long for them and race each other, as impatient people do. What
//! is counted is what the account truly holds, read past the provider under test.

mod audit;
mod caller;
mod field;
mod life;
mod plan;
pub(crate) mod simulated;

use std::sync::Arc;
use std::time::{Duration, Instant};

use cloud_types::Result;
use futures::StreamExt;

pub use audit::Report;
pub use caller::Tally;
pub use field::{Census, Field, Menu};
pub use simulated::{Cloud, SimulatedField};

use crate::chaos::audit::Expected;
use crate::chaos::life::Crowd;
pub use crate::providers::LocalField;

/// A simulator of Compute Engine.
#[cfg(feature = "gcp")]
pub type GcpField = SimulatedField<cloud_sim::gcp::Gcp>;
/// A simulator of Hetzner.
pub type HetznerField = SimulatedField<cloud_sim::hetzner::Hetzner>;

/// How a run is made.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How many hosts are asked for.
    pub hosts: usize,
    /// How many requests meet a fault, 0 to 1.
    pub faults: f64,
    /// Where all chance starts.
    pub seed: u64,
    /// How many hosts are worked on at a time.
    pub tasks: usize,
}

/// How often a simulated second passes in a real one.
pub const SPEED: f64 = 200.0;

/// Runs chaos on a field: makes the hosts, compares them with the world, deletes all and counts what is left.
///
/// # Errors
/// Where the field makes no provider; what its calls answer is part of the report.
pub async fn run(field: Arc<dyn Field>, settings: Settings) -> Result<Report> {
    let began = Instant::now();
    let plans = plan::plans(&field.menu(), settings.hosts, settings.seed)?;
    let crowd = Arc::new(Crowd::new(Arc::clone(&field))?);
    eprintln!("{} hosts on {}: making", settings.hosts, field.provider());
    let made = for_each(&crowd, plans, settings.tasks, |crowd, plan| async move {
        let outcome = life::live(&crowd, &plan).await;
        (plan, outcome)
    })
    .await;
    let expected = Expected::new(made);
    // What is read late is read now.
    field.clock().sleep(SETTLE).await;
    let shown = life::shown(&crowd).await;
    let before = field.census();
    eprintln!("{} hosts are there: deleting", before.hosts.len());
    let found = expected.compare(&before, &shown);
    let ends =
        for_each(&crowd, expected.to_end(), settings.tasks, |crowd, end| async move { life::end(&crowd, &end).await })
            .await;
    let kept = life::delete_kept_disks(&crowd).await;
    field.clock().sleep(SETTLE).await;
    let failures = ends.into_iter().chain([kept]).filter_map(Result::err).map(|error| error.to_string());
    let after = field.census();
    Ok(Report {
        provider: field.provider(),
        seed: settings.seed,
        hosts_asked: settings.hosts,
        hosts_existing: before.hosts.len(),
        duplicates: found.duplicates,
        lost: found.lost,
        leftovers: after.counts,
        faults_injected: after.faults,
        futures_dropped: crowd.tally.dropped(),
        calls: after.calls,
        seconds: began.elapsed().as_secs_f64(),
        remarks: found.remarks.into_iter().chain(failures).collect(),
        troubles: crowd.tally.troubles(),
    })
}

/// Does one thing for each item, so many at a time.
async fn for_each<I, T, F>(crowd: &Arc<Crowd>, items: Vec<I>, tasks: usize, work: fn(Arc<Crowd>, I) -> F) -> Vec<T>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks_made = items.into_iter().map(|item| tokio::spawn(work(Arc::clone(crowd), item)));
    let results = futures::stream::iter(tasks_made).buffer_unordered(tasks);
    results.map(|joined| joined.expect("a task of a trial does not panic")).collect().await
}

/// Longer than any answer lags behind and any outage lasts.
const SETTLE: Duration = Duration::from_secs(30);
