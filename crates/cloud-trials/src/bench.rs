//! What the provider costs over bare HTTP: ratios within one run, against one simulator in another process.

pub(crate) mod bare;
mod get;
mod list;
#[cfg(feature = "aws")]
pub(crate) mod sdk;
mod serve;
pub(crate) mod subject;
mod wait;

use std::error::Error;

use serde::Serialize;

pub use serve::serve;

use crate::providers::Provider;

/// The outcome of every measurement.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// One measured value.
#[derive(Debug, Clone, Serialize)]
pub struct Value {
    /// What was measured.
    pub name: &'static str,
    /// How much it is.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// The most that it may be.
    pub bound: f64,
    /// Whether it is at most that.
    pub ok: bool,
    /// Whether it compares times, which whatever else the machine does moves.
    #[serde(skip)]
    pub timed: bool,
}

impl Value {
    /// Something counted: the same in every run, or nearly.
    fn counted(name: &'static str, value: f64, unit: &'static str, bound: f64) -> Self {
        Self { name, value, unit, bound, ok: value <= bound, timed: false }
    }

    /// Our time over that of another, measured in turns.
    fn timed(name: &'static str, ours: Vec<f64>, theirs: Vec<f64>, bound: f64) -> Self {
        let value = median(ours) / median(theirs);
        Self { name, value, unit: "ratio", bound, ok: value <= bound, timed: true }
    }
}

/// Reads the memory that is in use, and the most since it was last asked to begin anew.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Bytes in use.
    pub current: fn() -> usize,
    /// The most bytes in use since the last reset.
    pub peak: fn() -> usize,
    /// Begins anew.
    pub reset: fn(),
}

/// Measures everything.
///
/// # Errors
/// Where the simulator cannot be started or a call fails.
pub async fn run(provider: Provider, memory: Memory) -> Result<Vec<Value>> {
    let full = serve::Child::start(provider, HOSTS, 1.0)?;
    let mut values = get::measure(&full).await?;
    values.extend(list::measure(&full, memory).await?);
    drop(full);
    values.push(wait::measure(&serve::Child::start(provider, 0, WAIT_SPEED)?).await?);
    Ok(values)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// How many hosts are listed.
const HOSTS: usize = 10_000;
/// Slow enough that an answer takes no notable simulated time.
const WAIT_SPEED: f64 = 10.0;
