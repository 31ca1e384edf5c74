//! Step: rate limit. Who calls waits for a place in the provider's budget, in the order of asking.
//!
//! The queue is here, the model of the budget in `bucket`, what headers say in `headers`.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_types::Clock;
use futures::future::select;
use http::StatusCode;
use tokio::sync::{Mutex as Turnstile, Notify};

use crate::bucket::{Bucket, Draw, Drawn};
use crate::headers::{RateHeaders, retry_after};
use crate::transport::{Body, SendError, Sent};

/// A request budget, shared by all its clones: give one to every client that uses the same credentials.
///
/// It learns from each answer what is left. Before the first one only one request is on its way, so that a nearly
/// empty budget is not overrun; at the limit, calls wait and go in the order in which they came.
#[derive(Clone)]
pub struct RateLimiter(Option<Arc<Queue>>);

struct Queue {
    headers: RateHeaders,
    bucket: Mutex<Bucket>,
    /// Held by the caller whose turn is next while it waits for room; tokio hands it on first come, first served.
    turnstile: Turnstile<()>,
    news: Notify,
}

impl RateLimiter {
    /// No limit at all; costs nothing.
    #[must_use]
    pub fn unlimited() -> Self {
        Self(None)
    }

    /// A budget that refills continuously, from empty to full in `recovery`, and that answers tell by `headers`.
    /// The size of the budget is read, not configured.
    ///
    /// An answer without these headers says nothing; where none ever has them, calls go one at a time.
    ///
    /// # Panics
    /// If `recovery` is zero.
    #[must_use]
    pub fn refilling(recovery: Duration, headers: RateHeaders) -> Self {
        assert!(!recovery.is_zero(), "a budget takes time to recover");
        Self(Some(Arc::new(Queue {
            headers,
            bucket: Mutex::new(Bucket::new(recovery)),
            turnstile: Turnstile::new(()),
            news: Notify::new(),
        })))
    }

    /// Waits for a place. Dropping the future gives up the place in the queue.
    pub(crate) async fn turn<'a>(&'a self, clock: &'a dyn Clock) -> Turn<'a> {
        let Some(queue) = &self.0 else { return Turn(None) };
        let _next = queue.turnstile.lock().await;
        loop {
            let draw = queue.bucket().draw(clock.monotonic());
            match draw {
                Draw::Go(drawn) => return Turn(Some(Place { queue, clock, drawn: Some(drawn), sent: false })),
                Draw::AfterAnswer => queue.news.notified().await,
                Draw::In(wait) => {
                    select(pin!(queue.news.notified()), clock.sleep(wait)).await;
                }
            }
        }
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RateLimiter(")?;
        match &self.0 {
            Some(queue) => fmt::Debug::fmt(&*queue.bucket(), f)?,
            None => f.write_str("unlimited")?,
        }
        f.write_str(")")
    }
}

impl Queue {
    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to send one request. Dropped, its place goes back, or counts as used where the request may have left.
pub(crate) struct Turn<'a>(Option<Place<'a>>);

struct Place<'a> {
    queue: &'a Queue,
    clock: &'a dyn Clock,
    /// Taken once the request is settled.
    drawn: Option<Drawn>,
    sent: bool,
}

impl Turn<'_> {
    /// From here on the request may have left.
    pub(crate) fn sending(&mut self) {
        if let Some(place) = &mut self.0 {
            place.sent = true;
        }
    }

    /// The request has ended: learns from its answer.
    pub(crate) fn settle(mut self, ended: &Result<http::Response<Body>, SendError>) {
        let Some(place) = &mut self.0 else { return };
        let answer = match ended {
            Ok(answer) => answer,
            Err(error) => {
                place.sent = error.sent == Sent::MaybeSent;
                return; // dropping it does the rest
            }
        };
        let (queue, clock, Some(drawn)) = (place.queue, place.clock, place.drawn.take()) else { return };
        let now = clock.monotonic();
        let mut bucket = queue.bucket();
        bucket.answered(drawn, queue.headers.read(answer.headers()), now);
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            bucket.exceeded(retry_after(answer.headers(), clock.now()), now);
        }
        drop(bucket);
        queue.news.notify_one();
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.drawn.is_none() {
            return;
        }
        let now = self.clock.monotonic();
        let mut bucket = self.queue.bucket();
        if self.sent {
            bucket.abandoned(now);
        } else {
            bucket.unused(now);
        }
        drop(bucket);
        self.queue.news.notify_one();
    }
}
