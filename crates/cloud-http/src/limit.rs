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
    /// ```
    /// use std::time::Duration;
    ///
    /// use cloud_http::{RateHeaders, RateLimiter};
    ///
    /// let headers = RateHeaders::new("ratelimit-limit", "ratelimit-remaining");
    /// let limiter = RateLimiter::refilling(Duration::from_secs(3600), headers);
    /// ```
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
        let mut bucket = queue.bucket();
        let now = clock.monotonic();
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
        let mut bucket = self.queue.bucket();
        let now = self.clock.monotonic();
        if self.sent {
            bucket.abandoned(now);
        } else {
            bucket.unused(now);
        }
        drop(bucket);
        self.queue.news.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use async_trait::async_trait;
    use bytes::Bytes;
    use cloud_types::{ErrorKind, ProviderId, ScaledClock, SystemClock};
    use futures::future::join_all;

    use super::*;
    use crate::{Client, RetryPolicy, Transport};

    const HOUR: Duration = Duration::from_secs(3600);

    /// A provider that keeps 3,600 requests an hour to the letter: takes them after some time on the way, and answers
    /// after some more, out of order.
    #[derive(Debug)]
    struct Provider {
        clock: Arc<dyn Clock>,
        level: Mutex<(f64, Duration)>,
        limited: AtomicU32,
        served: AtomicU32,
        rng: Mutex<fastrand::Rng>,
    }

    impl Provider {
        fn with_remaining(remaining: f64) -> Arc<Self> {
            Self::on(Arc::new(SystemClock), remaining)
        }

        fn on(clock: Arc<dyn Clock>, remaining: f64) -> Arc<Self> {
            Arc::new(Self {
                level: Mutex::new((remaining, clock.monotonic())),
                clock,
                limited: AtomicU32::new(0),
                served: AtomicU32::new(0),
                rng: Mutex::new(fastrand::Rng::with_seed(7)),
            })
        }

        async fn on_the_way(&self) {
            let millis = self.rng.lock().unwrap().u64(10..800);
            self.clock.sleep(Duration::from_millis(millis)).await;
        }

        fn take(&self) -> (u16, u32) {
            let (level, at) = &mut *self.level.lock().unwrap();
            let now = self.clock.monotonic();
            *level = (*level + (now - *at).as_secs_f64()).min(3600.0);
            *at = now;
            if *level < 1.0 {
                self.limited.fetch_add(1, Relaxed);
                return (429, 0);
            }
            *level -= 1.0;
            self.served.fetch_add(1, Relaxed);
            (200, *level as u32)
        }
    }

    #[async_trait]
    impl Transport for Provider {
        async fn send(&self, _: http::Request<Bytes>, _: usize) -> Result<http::Response<Body>, SendError> {
            self.on_the_way().await;
            let (status, remaining) = self.take();
            self.on_the_way().await;
            let answer = http::Response::builder().status(status).header("l", "3600").header("r", remaining);
            Ok(answer.body(Body::Whole(Bytes::new())).unwrap())
        }
    }

    fn client(provider: &Arc<Provider>) -> Client {
        Client::builder(ProviderId::new("test"), "http://api.test".parse().unwrap())
            .limiter(RateLimiter::refilling(HOUR, RateHeaders::new("l", "r")))
            .retry(RetryPolicy::never())
            .transport(provider.clone())
            .clock(Arc::clone(&provider.clock))
            .deadline(HOUR)
            .build()
            .unwrap()
    }

    /// `callers` tasks make `each` calls one after the other; how long all took.
    async fn run(client: &Client, callers: u32, each: u32) -> Duration {
        let start = client.clock().monotonic();
        let caller = || {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..each {
                    client.get("get_host", "servers/1").send_empty().await.expect("no 429 is ever earned");
                }
            })
        };
        join_all((0..callers).map(|_| caller())).await.into_iter().for_each(|done| done.unwrap());
        client.clock().monotonic() - start
    }

    #[tokio::test(start_paused = true)]
    async fn the_whole_budget_is_used_and_never_exceeded() {
        for (remaining, callers, calls) in
            [(1.0, 64, 640), (5.0, 1, 400), (100.0, 64, 640), (300.0, 64, 640), (3600.0, 64, 4480)]
        {
            let provider = Provider::with_remaining(remaining);
            let took = run(&client(&provider), callers, calls / callers).await.as_secs_f64();
            let one_by_one = if callers == 1 { f64::from(calls) * 0.81 } else { 0.0 };
            let allowed = (f64::from(calls) - remaining).max(one_by_one);
            assert_eq!(provider.limited.load(Relaxed), 0, "429s with {remaining} remaining");
            assert!(took <= 1.1 * allowed, "{remaining} remaining, {callers} callers: {took} s of {allowed} s");
        }
    }

    /// How long it takes depends on the machine here; that nothing is exceeded does not.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn on_several_threads_and_a_scaled_clock_no_budget_is_exceeded() {
        let provider = Provider::on(Arc::new(ScaledClock::new(2000.0)), 50.0);
        run(&client(&provider), 64, 5).await;
        assert_eq!((provider.limited.load(Relaxed), provider.served.load(Relaxed)), (0, 320));
    }

    #[tokio::test(start_paused = true)]
    async fn before_the_first_answer_one_request_is_on_its_way() {
        let provider = Provider::with_remaining(3.0);
        run(&client(&provider), 10, 1).await;
        assert_eq!(provider.limited.load(Relaxed), 0, "ten at once would have earned seven");
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_goes_in_the_order_of_asking() {
        let provider = Provider::with_remaining(1.0);
        let limiter = RateLimiter::refilling(HOUR, RateHeaders::new("l", "r"));
        let order = Arc::new(Mutex::new(Vec::new()));
        let waiting = (0..20).map(|number| {
            let (limiter, order, provider) = (limiter.clone(), Arc::clone(&order), Arc::clone(&provider));
            async move {
                let mut turn = limiter.turn(&SystemClock).await;
                order.lock().unwrap().push(number);
                turn.sending();
                turn.settle(&provider.send(http::Request::new(Bytes::new()), 0).await);
            }
        });
        join_all(waiting).await;
        assert_eq!(*order.lock().unwrap(), (0..20).collect::<Vec<_>>());
        assert_eq!(provider.limited.load(Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn dropped_calls_neither_block_the_queue_nor_exceed_the_budget() {
        let provider = Provider::with_remaining(20.0);
        let client = client(&provider);
        for millis in 0..200u64 {
            let calls = join_all((0..8).map(|_| client.get("get_host", "servers/1").send_empty()));
            let _ = tokio::time::timeout(Duration::from_millis(10 * millis), calls).await;
        }
        run(&client, 10, 4).await;
        assert_eq!(provider.limited.load(Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn somebody_elses_use_of_the_budget_is_noticed() {
        let provider = Provider::with_remaining(500.0);
        let client = client(&provider);
        run(&client, 1, 5).await;
        provider.level.lock().unwrap().0 = 10.0;
        run(&client, 1, 3).await;
        run(&client, 32, 2).await;
        assert_eq!(provider.limited.load(Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn an_earned_429_closes_the_budget_for_all_until_the_provider_says() {
        let limiter = RateLimiter::refilling(HOUR, RateHeaders::new("l", "r"));
        let mut turn = limiter.turn(&SystemClock).await;
        turn.sending();
        let answer = http::Response::builder().status(429).header("l", "3600").header("r", "0");
        turn.settle(&Ok(answer.header("retry-after", "30").body(Body::TooLarge).unwrap()));
        let start = SystemClock.monotonic();
        drop(limiter.turn(&SystemClock).await);
        assert_eq!((SystemClock.monotonic() - start).as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_never_left_gives_its_place_back() {
        let provider = Provider::with_remaining(2.0);
        let limiter = RateLimiter::refilling(HOUR, RateHeaders::new("l", "r"));
        let mut turn = limiter.turn(&SystemClock).await;
        turn.sending();
        turn.settle(&provider.send(http::Request::new(Bytes::new()), 0).await);
        let start = SystemClock.monotonic();
        for _ in 0..100 {
            let mut turn = limiter.turn(&SystemClock).await;
            turn.sending();
            turn.settle(&Err(SendError::not_sent("refused")));
        }
        assert!(SystemClock.monotonic() - start < Duration::from_millis(10));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_longer_than_its_patience_is_told_so() {
        let provider = Provider::with_remaining(1.0);
        let client = Client::builder(ProviderId::new("test"), "http://api.test".parse().unwrap())
            .limiter(RateLimiter::refilling(HOUR, RateHeaders::new("l", "r")))
            .transport(provider.clone())
            .patience(Duration::from_secs(20))
            .build()
            .unwrap();
        let ended = join_all((0..40).map(|_| client.get("get_host", "servers/1").send_empty())).await;
        let refused: Vec<_> = ended.into_iter().filter_map(Result::err).map(|error| error.kind()).collect();
        assert!((15..25).contains(&refused.len()), "{refused:?}");
        assert!(refused.iter().all(|kind| *kind == ErrorKind::RateLimited), "{refused:?}");
        assert_eq!(provider.limited.load(Relaxed), 0);
    }
}
