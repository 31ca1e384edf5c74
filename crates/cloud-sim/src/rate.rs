//! The rate limit: a bucket that fills with simulated time, and how an API tells of it.

use jiff::Timestamp;

use crate::{RateLimit, Reply, Request};

/// How an API tells of its rate limit.
pub trait RateLimited {
    /// The headers that every answer has of it; none where the API does not tell.
    fn rate_headers(&self, level: &Level) -> Vec<(&'static str, String)>;

    /// The answer to a request that is one too many: some APIs say it with another status than 429.
    fn over_limit(&self, request: &Request, level: &Level) -> Reply;
}

/// The bucket of one simulator.
#[derive(Debug)]
pub(crate) struct Bucket {
    config: RateLimit,
    remaining: f64,
    filled_at: Timestamp,
}

/// How much of the rate limit is left after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// The most requests that the bucket holds.
    pub limit: u32,
    /// How many it holds.
    pub remaining: u32,
    /// Unix seconds of the moment when the bucket is full again.
    pub reset: i64,
    /// Seconds until the next request is taken; 0 where one is taken now.
    pub retry_after: u64,
    /// Whether this request was taken.
    pub(crate) taken: bool,
}

impl Level {
    /// The headers `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`, this last one in Unix
    /// seconds.
    pub(crate) fn ratelimit_headers(&self) -> Vec<(&'static str, String)> {
        vec![
            ("RateLimit-Limit", self.limit.to_string()),
            ("RateLimit-Remaining", self.remaining.to_string()),
            ("RateLimit-Reset", self.reset.to_string()),
        ]
    }
}

impl Bucket {
    pub(crate) fn new(config: RateLimit, now: Timestamp) -> Self {
        Self { config, remaining: f64::from(config.initial.unwrap_or(config.limit)), filled_at: now }
    }

    /// Takes one request out of the bucket, where there is one.
    pub(crate) fn take(&mut self, now: Timestamp) -> Level {
        let elapsed = now.duration_since(self.filled_at).as_secs_f64().max(0.0);
        let limit = f64::from(self.config.limit);
        self.remaining = (self.remaining + elapsed * self.config.per_second).min(limit);
        self.filled_at = now;
        let taken = self.remaining >= 1.0;
        if taken {
            self.remaining -= 1.0;
        }
        let missing = (limit - self.remaining) / self.config.per_second;
        let next = (1.0 - self.remaining).max(0.0) / self.config.per_second;
        Level {
            limit: self.config.limit,
            remaining: self.remaining as u32,
            reset: now.as_second() + missing.ceil() as i64,
            retry_after: next.ceil() as u64,
            taken,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn an_empty_bucket_takes_one_request_a_second() {
        let config = RateLimit { initial: Some(1), ..RateLimit::default() };
        let start = Timestamp::UNIX_EPOCH;
        let mut bucket = Bucket::new(config, start);
        let level = bucket.take(start);
        assert_eq!((level.taken, level.remaining, level.reset, level.retry_after), (true, 0, 3600, 1));
        assert!(!bucket.take(start).taken);
        let later = start + SignedDuration::from_secs(1);
        assert!(bucket.take(later).taken);
        assert!(!bucket.take(later).taken);
    }
}
