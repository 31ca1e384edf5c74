//! The rate limit: a bucket that fills with simulated time.

use jiff::Timestamp;

use crate::RateLimit;

/// The bucket of one simulator.
#[derive(Debug)]
pub(crate) struct Bucket {
    config: RateLimit,
    remaining: f64,
    filled_at: Timestamp,
}

/// What the rate-limit headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Unix seconds of the moment when the bucket is full again.
    pub(crate) reset: i64,
    /// Whether this request was taken.
    pub(crate) taken: bool,
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
        Level {
            limit: self.config.limit,
            remaining: self.remaining as u32,
            reset: now.as_second() + missing.ceil() as i64,
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
        assert_eq!((level.taken, level.remaining, level.reset), (true, 0, 3600));
        assert!(!bucket.take(start).taken);
        let later = start + SignedDuration::from_secs(1);
        assert!(bucket.take(later).taken);
        assert!(!bucket.take(later).taken);
    }
}
