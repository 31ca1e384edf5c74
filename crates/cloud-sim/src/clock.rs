//! Simulated time: real time, faster, and able to jump.

use std::sync::Mutex;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The clock of one simulator.
#[derive(Debug)]
pub struct Clock {
    speed: f64,
    began: Instant,
    began_at: Timestamp,
    jumped: Mutex<SignedDuration>,
}

impl Clock {
    /// A clock that shows `began_at` now and runs `speed` times as fast as real time.
    #[must_use]
    pub fn new(speed: f64, began_at: Timestamp) -> Self {
        Self { speed: speed.max(MIN_SPEED), began: Instant::now(), began_at, jumped: Mutex::new(SignedDuration::ZERO) }
    }

    /// The present moment of the simulation.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let elapsed = self.began.elapsed().as_secs_f64() * self.speed;
        let jumped = *self.jumped.lock().expect("no holder of this lock panics");
        self.began_at + SignedDuration::from_secs_f64(elapsed) + jumped
    }

    /// Lets simulated time pass at once.
    pub fn jump(&self, ahead: Duration) {
        let ahead = SignedDuration::try_from(ahead).unwrap_or(SignedDuration::ZERO);
        *self.jumped.lock().expect("no holder of this lock panics") += ahead;
    }

    /// How often simulated time passes real time.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// Waits for a span of simulated time.
    pub(crate) async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span.div_f64(self.speed)).await;
    }
}

/// Slower than this is standing still.
const MIN_SPEED: f64 = 0.001;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn simulated_time_runs_faster_and_jumps() {
        let start = Timestamp::UNIX_EPOCH;
        let clock = Clock::new(100.0, start);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(clock.now(), start + SignedDuration::from_secs(200));
        clock.jump(Duration::from_secs(60));
        assert_eq!(clock.now(), start + SignedDuration::from_secs(260));
    }
}
