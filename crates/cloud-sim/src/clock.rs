//! Simulated time: real time, faster, and able to jump.

use std::sync::Mutex;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::time::Instant;

/// The clock of one simulator.
#[derive(Debug)]
pub struct Clock {
    speed: f64,
    began: Instant,
    began_at: Timestamp,
    jumped: Mutex<SignedDuration>,
    jumps: Notify,
}

impl Clock {
    /// A clock that shows `began_at` now and runs `speed` times as fast as real time.
    #[must_use]
    pub fn new(speed: f64, began_at: Timestamp) -> Self {
        Self {
            speed: speed.max(MIN_SPEED),
            began: Instant::now(),
            began_at,
            jumped: Mutex::new(SignedDuration::ZERO),
            jumps: Notify::new(),
        }
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
        self.jumps.notify_waiters();
    }

    /// How often simulated time passes real time.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// Waits for a moment of simulated time; a jump past it ends the wait at once.
    pub(crate) async fn sleep_until(&self, moment: Timestamp) {
        loop {
            // Listening begins before the clock is read, so that no jump between is missed.
            let mut jump = std::pin::pin!(self.jumps.notified());
            jump.as_mut().enable();
            let Ok(rest) = Duration::try_from(moment.duration_since(self.now())) else {
                return;
            };
            if rest.is_zero() {
                return;
            }
            let _ = tokio::time::timeout(rest.div_f64(self.speed), jump).await;
        }
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
    async fn a_wait_ends_at_its_moment_or_with_a_jump() {
        let start = Timestamp::UNIX_EPOCH;
        let clock = Clock::new(1.0, start);
        clock.sleep_until(start + SignedDuration::from_secs(5)).await;
        assert!(clock.now() >= start + SignedDuration::from_secs(5));
        let later = start + SignedDuration::from_hours(1);
        let jump = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            clock.jump(Duration::from_secs(7200));
        };
        tokio::join!(clock.sleep_until(later), jump);
        assert!(clock.began.elapsed() < Duration::from_secs(60));
    }

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
