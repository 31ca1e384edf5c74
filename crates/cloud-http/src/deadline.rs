//! Step: deadline. How long a call may still take, on the injected clock.
//!
//! Waiting for one's turn at the rate limit does not count: who is 300th in the queue would otherwise have used up
//! its time before its first attempt. That wait has its own bound, see [`ClientBuilder::patience`](crate::ClientBuilder::patience).

use std::time::Duration;

use cloud_types::Clock;

/// A moment on a clock's monotonic scale.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    at: Duration,
}

impl Deadline {
    /// `limit` from now.
    pub(crate) fn after(clock: &dyn Clock, limit: Duration) -> Self {
        Self { at: clock.monotonic().saturating_add(limit) }
    }

    /// The time left; zero once it has passed.
    pub(crate) fn left(self, clock: &dyn Clock) -> Duration {
        self.at.saturating_sub(clock.monotonic())
    }

    /// Moves it back by time that does not count.
    pub(crate) fn extend(&mut self, by: Duration) {
        self.at = self.at.saturating_add(by);
    }
}
