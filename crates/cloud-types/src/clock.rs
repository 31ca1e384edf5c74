//! Time as a value that is handed in, so that an hour of waiting can be tested in milliseconds.
//!
//! Everything in the workspace that waits, measures or stamps asks a [`Clock`]; nothing else reads the time.

use std::fmt::Debug;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::future::{BoxFuture, Either, FutureExt, select};
use jiff::Timestamp;
use tokio::time::Instant;

/// A source of time: what it is, how long something took, and how to wait.
///
/// Use [`SystemClock`] in a service and [`ScaledClock`] in tests.
pub trait Clock: Debug + Send + Sync {
    /// The wall-clock time.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary fixed point; never goes backwards.
    fn monotonic(&self) -> Duration;

    /// Resolves once `duration` has passed on this clock.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// Runs `future` for at most `limit` on `clock`; `None` if it did not finish in time.
pub async fn within<F: Future>(clock: &dyn Clock, limit: Duration, future: F) -> Option<F::Output> {
    let future = pin!(future);
    match select(future, clock.sleep(limit)).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(((), _)) => None,
    }
}

/// The real time of this machine, by tokio: under `tokio::time::pause` it follows the paused time.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let (wall, _) = *origin();
        wall + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        let (_, instant) = *origin();
        instant.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(duration).boxed()
    }
}

/// A clock that runs `speed` times as fast as the machine's; clones share their origin.
///
/// Sleeps shorter than a millisecond of real time take about a millisecond: at speed 1,000 no wait is
/// shorter than a second of its own time.
#[derive(Debug, Clone)]
pub struct ScaledClock {
    speed: f64,
    wall: Timestamp,
    origin: Arc<Instant>,
}

impl ScaledClock {
    /// A clock that starts now and runs `speed` times as fast.
    ///
    /// # Panics
    /// If `speed` is not a positive finite number.
    #[must_use]
    pub fn new(speed: f64) -> Self {
        assert!(speed.is_finite() && speed > 0.0, "a clock's speed must be positive and finite, got {speed}");
        Self { speed, wall: Timestamp::now(), origin: Arc::new(Instant::now()) }
    }

    /// How many times faster than real time this clock runs.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.speed
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> Timestamp {
        self.wall + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.origin.elapsed().mul_f64(self.speed)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(duration.div_f64(self.speed)).boxed()
    }
}

fn origin() -> &'static (Timestamp, Instant) {
    static ORIGIN: OnceLock<(Timestamp, Instant)> = OnceLock::new();
    ORIGIN.get_or_init(|| (Timestamp::now(), Instant::now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_scaled_clock_runs_faster_by_its_speed() {
        let clock = ScaledClock::new(100.0);
        let before = tokio::time::Instant::now();
        let start = clock.now();
        clock.sleep(Duration::from_secs(600)).await;
        assert!(before.elapsed() < Duration::from_secs(7));
        assert!(clock.now().duration_since(start).as_secs() >= 600);
    }

    #[tokio::test(start_paused = true)]
    async fn within_gives_up_at_its_limit_and_passes_results_on() {
        let limit = Duration::from_secs(1);
        assert_eq!(within(&SystemClock, limit, std::future::pending::<()>()).await, None);
        assert_eq!(within(&SystemClock, limit, async { 7 }).await, Some(7));
    }
}
