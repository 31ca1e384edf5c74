//! Time as a value that is handed in, so that an hour of waiting can be tested in milliseconds.
//!
//! Everything in the workspace that waits, measures or stamps asks a [`Clock`]; nothing else reads the time.

use std::fmt::Debug;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, Either, FutureExt, select};
use jiff::{SignedDuration, Timestamp};
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

/// The real time of this machine: `now` is its wall clock, also after a step of NTP or a suspend, and waits are by its monotonic
/// clock. Under `tokio::time::pause` both follow the paused time.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        static ANCHOR: Mutex<Option<Anchor>> = Mutex::new(None);
        let mut anchor = ANCHOR.lock().unwrap_or_else(PoisonError::into_inner);
        let (wall, machine, tokio) = (Timestamp::now(), std::time::Instant::now(), Instant::now());
        anchor.get_or_insert(Anchor { wall, tokio }).now(wall, machine, tokio)
    }

    fn monotonic(&self) -> Duration {
        origin().elapsed()
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

/// The wall clock's time at a moment of tokio's clock. Time since then is by tokio's, so that it is exact where it is paused;
/// where the wall clock has been stepped, or has run on in a suspend, it is taken anew.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    wall: Timestamp,
    tokio: Instant,
}

impl Anchor {
    fn now(&mut self, wall: Timestamp, machine: std::time::Instant, tokio: Instant) -> Timestamp {
        // Paused time is ahead of the machine's or behind it, and the wall clock's with it.
        let meant = wall + between(machine, tokio.into_std());
        let now = self.wall + between(self.tokio.into_std(), tokio.into_std());
        if meant.duration_since(now).abs() < STEP {
            return now;
        }
        *self = Self { wall: meant, tokio };
        meant
    }
}

/// The time from one moment to another, which may be before it.
fn between(from: std::time::Instant, to: std::time::Instant) -> SignedDuration {
    let length = |later: std::time::Instant, earlier| {
        SignedDuration::try_from(later.duration_since(earlier)).unwrap_or(SignedDuration::MAX)
    };
    if to >= from { length(to, from) } else { -length(from, to) }
}

fn origin() -> &'static Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    ORIGIN.get_or_init(Instant::now)
}

/// What is no step of the wall clock, but how far apart its readings are on a busy machine.
const STEP: SignedDuration = SignedDuration::from_millis(100);

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
    async fn a_step_of_the_wall_clock_is_followed_and_its_jitter_is_not() {
        let (machine, tokio) = (std::time::Instant::now(), Instant::now());
        let mut anchor = Anchor { wall: Timestamp::UNIX_EPOCH, tokio };
        let minute = Duration::from_secs(60);
        let (later, jitter) = (Timestamp::UNIX_EPOCH + minute, Duration::from_millis(3));
        assert_eq!(anchor.now(later + jitter, machine + minute, tokio + minute), later);
        let hour = Duration::from_secs(3600);
        let stepped = later + hour;
        assert!(anchor.now(stepped, machine + minute, tokio + minute).duration_since(stepped).abs() < STEP);
        let paused = anchor.now(stepped, machine + minute, tokio + minute * 2);
        assert!(paused.duration_since(stepped + minute).abs() < STEP, "paused time was advanced");
    }

    #[tokio::test(start_paused = true)]
    async fn the_systems_clock_follows_paused_time_and_else_the_walls() {
        let before = SystemClock.now();
        assert!(before.duration_since(Timestamp::now()).abs().as_secs() < 3600);
        SystemClock.sleep(Duration::from_secs(7200)).await;
        assert!(SystemClock.now().duration_since(before).as_secs() == 7200);
    }

    #[tokio::test(start_paused = true)]
    async fn within_gives_up_at_its_limit_and_passes_results_on() {
        let limit = Duration::from_secs(1);
        assert_eq!(within(&SystemClock, limit, std::future::pending::<()>()).await, None);
        assert_eq!(within(&SystemClock, limit, async { 7 }).await, Some(7));
    }
}
