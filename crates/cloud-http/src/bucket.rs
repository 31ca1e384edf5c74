//! The model of a request budget: a bucket that refills continuously, and a lower bound of what it holds.
//!
//! Pure: no clock, no header, no waiting. All times are on one monotonic scale.
//!
//! What it holds is only known from answers, which come late and out of order. An answer that said `remaining` was
//! worked on some time between its request's start and now. Not yet in that number may be: the requests in flight,
//! those that ended since it started, and those given up shortly before. With all of them taken off, it is a lower bound; so
//! is what was known before plus the refill. The larger of the two lower bounds holds, however answers are ordered,
//! as long as nobody else draws on the budget. Somebody else is noticed by the upper bound, which is `remaining` itself:
//! what came in since then is not lost, for the next answer tells it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::headers::RateReading;

#[derive(Debug)]
pub(crate) struct Bucket {
    /// The time in which an empty bucket becomes full.
    recovery: Duration,
    level: Option<Level>,
    in_flight: u32,
    finished: u64,
    abandoned: VecDeque<Duration>,
    /// Nothing is sent before this moment: the provider said so.
    closed_until: Duration,
}

/// A lower bound of what is left once everything in flight is counted.
#[derive(Debug, Clone, Copy)]
struct Level {
    tokens: f64,
    limit: f64,
    at: Duration,
}

/// A request that was let through.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drawn {
    started: Duration,
    finished_before: u64,
}

/// Whether a request may go now.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Draw {
    /// Yes.
    Go(Drawn),
    /// In that time at the earliest, or when an answer brings news.
    In(Duration),
    /// When the answer to the request in flight has told the budget.
    AfterAnswer,
}

impl Bucket {
    pub(crate) fn new(recovery: Duration) -> Self {
        let closed_until = Duration::ZERO;
        Self { recovery, level: None, in_flight: 0, finished: 0, abandoned: VecDeque::new(), closed_until }
    }

    /// Takes one request's worth, if it is there.
    pub(crate) fn draw(&mut self, now: Duration) -> Draw {
        if now < self.closed_until {
            return Draw::In(self.closed_until.saturating_sub(now));
        }
        self.refill(now);
        match &mut self.level {
            None if self.in_flight > 0 => return Draw::AfterAnswer,
            None => {}
            Some(level) if level.tokens < 1.0 => {
                let rate = rate(level.limit, self.recovery);
                return Draw::In(Duration::from_secs_f64((1.0 - level.tokens) / rate) + Duration::from_micros(1));
            }
            Some(level) => level.tokens -= 1.0,
        }
        self.in_flight += 1;
        Draw::Go(Drawn { started: now, finished_before: self.finished })
    }

    /// The request was answered, with or without a reading.
    pub(crate) fn answered(&mut self, drawn: Drawn, reading: Option<RateReading>, now: Duration) {
        self.finish(now);
        let Some(RateReading { limit, remaining }) = reading else { return };
        let (limit, remaining) = (f64::from(limit), f64::from(remaining));
        // Those that ended since include this one.
        let ended_since = (self.finished - drawn.finished_before - 1) as f64;
        let ghosts = self.abandoned.iter().filter(|at| **at + GHOST >= drawn.started).count() as f64;
        let at_least = remaining - f64::from(self.in_flight) - ended_since - ghosts;
        let tokens = self.level.map_or(at_least, |level| level.tokens.max(at_least).min(remaining));
        // Never back: the time since then is in the level already.
        let at = self.level.map_or(now, |level| level.at.max(now));
        self.level = Some(Level { tokens, limit, at });
    }

    /// The budget was exceeded: it is empty, and the provider may have said for how long. A budget is never empty for
    /// longer than it takes to recover, whatever an answer claims.
    pub(crate) fn exceeded(&mut self, closed_for: Option<Duration>, now: Duration) {
        if let Some(level) = &mut self.level {
            level.tokens = level.tokens.min(0.0);
        }
        if let Some(wait) = closed_for {
            self.closed_until = self.closed_until.max(now.saturating_add(wait.min(self.recovery)));
        }
    }

    /// The request never left: its place goes back.
    pub(crate) fn unused(&mut self, now: Duration) {
        self.finish(now);
        if let Some(level) = &mut self.level {
            level.tokens += 1.0;
        }
    }

    /// Nobody knows whether the request arrived, or whether it still will: it counts as used.
    pub(crate) fn abandoned(&mut self, now: Duration) {
        self.finish(now);
        while self.abandoned.front().is_some_and(|at| *at + FORGOTTEN < now) {
            self.abandoned.pop_front();
        }
        self.abandoned.push_back(now);
    }

    fn finish(&mut self, now: Duration) {
        self.refill(now);
        self.in_flight -= 1;
        self.finished += 1;
    }

    /// Refills up to `now`. What is in flight or given up has not been taken out at the provider yet, perhaps, so that
    /// its bucket overflows earlier than ours would: the limit is lower by as much.
    fn refill(&mut self, now: Duration) {
        let Some(level) = &mut self.level else { return };
        let passed = now.saturating_sub(level.at).as_secs_f64();
        let not_counted = f64::from(self.in_flight) + self.abandoned.len() as f64;
        let full = (level.limit - not_counted).max(level.tokens);
        level.tokens = (level.tokens + passed * rate(level.limit, self.recovery)).min(full);
        level.at = level.at.max(now);
    }
}

/// Tokens a second; a little less than the truth, so that two clocks need not agree.
fn rate(limit: f64, recovery: Duration) -> f64 {
    0.98 * limit / recovery.as_secs_f64()
}

/// How long a request that was given up may still be on its way.
const GHOST: Duration = Duration::from_secs(30);

/// After that time no request is in flight any more that started while the given-up one was a ghost.
const FORGOTTEN: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RECOVERY: Duration = Duration::from_secs(100);

    /// The provider's side, and everything between it and us.
    struct World {
        now: Duration,
        limit: u32,
        level: f64,
        bucket: Bucket,
        on_the_way: Vec<Drawn>,
        on_the_way_back: Vec<(Drawn, RateReading)>,
        ghosts: Vec<Duration>,
    }

    impl World {
        fn take(&mut self) -> RateReading {
            assert!(self.level >= 1.0, "a 429 is earned");
            self.level -= 1.0;
            RateReading { limit: self.limit, remaining: self.level as u32 }
        }

        fn wait(&mut self, passed: Duration) {
            let now = self.now + passed;
            let due = self.ghosts.iter().filter(|at| **at + GHOST <= now).count();
            for _ in 0..due {
                self.ghosts.remove(0);
                self.take();
            }
            self.now = now;
            let limit = f64::from(self.limit);
            self.level = (self.level + passed.as_secs_f64() * limit / RECOVERY.as_secs_f64()).min(limit);
        }
    }

    #[test]
    fn an_answer_that_is_noted_late_refills_nothing_twice() {
        let at = Duration::from_secs;
        let reading = |remaining| Some(RateReading { limit: 100, remaining });
        let mut bucket = Bucket::new(RECOVERY);
        let Draw::Go(first) = bucket.draw(at(0)) else { panic!("the first may go") };
        bucket.answered(first, reading(10), at(0));
        let Draw::Go(second) = bucket.draw(at(0)) else { panic!("ten are left") };
        assert!((0..4).all(|_| matches!(bucket.draw(at(0)), Draw::Go(_))), "nine are left");
        // Between the answer's moment and its note others have drawn.
        assert!(matches!(bucket.draw(at(10)), Draw::Go(_)));
        bucket.answered(second, reading(14), at(5));
        let left = std::iter::from_fn(|| matches!(bucket.draw(at(10)), Draw::Go(_)).then_some(())).count();
        assert!(left <= 14, "ten and the refill of ten seconds, less six that are gone: not {left}");
    }

    proptest! {
        /// Steps: 0-3 send, 4-5 a request arrives, 6-7 an answer arrives, 8 a caller gives up, 9 time passes. The second
        /// number picks which one, so that everything overtakes everything.
        #[test]
        fn however_answers_are_ordered_the_budget_is_never_exceeded(
            (limit, level) in (1u32..=50).prop_flat_map(|limit| (Just(limit), 1..=limit)),
            steps in prop::collection::vec((0u8..10, any::<prop::sample::Index>(), 0u64..20_000), 1..400),
        ) {
            let bucket = Bucket::new(RECOVERY);
            let (on_the_way, on_the_way_back, ghosts) = (vec![], vec![], vec![]);
            let level = f64::from(level);
            let mut world = World { now: RECOVERY, limit, level, bucket, on_the_way, on_the_way_back, ghosts };
            // Until one answer came nothing is known, and a request given up before it may be the last of the budget.
            let Draw::Go(first) = world.bucket.draw(world.now) else { panic!("the first request may go") };
            let reading = world.take();
            world.bucket.answered(first, Some(reading), world.now);
            for (step, which, millis) in steps {
                match step {
                    0..4 => {
                        if let Draw::Go(drawn) = world.bucket.draw(world.now) {
                            world.on_the_way.push(drawn);
                        }
                    }
                    4..6 if !world.on_the_way.is_empty() => {
                        let drawn = world.on_the_way.swap_remove(which.index(world.on_the_way.len()));
                        let reading = world.take();
                        world.on_the_way_back.push((drawn, reading));
                    }
                    6..8 if !world.on_the_way_back.is_empty() => {
                        let at = which.index(world.on_the_way_back.len());
                        let (drawn, reading) = world.on_the_way_back.swap_remove(at);
                        world.bucket.answered(drawn, Some(reading), world.now);
                    }
                    8 if !world.on_the_way.is_empty() => {
                        world.on_the_way.swap_remove(which.index(world.on_the_way.len()));
                        world.bucket.abandoned(world.now);
                        world.ghosts.push(world.now);
                    }
                    9 => world.wait(Duration::from_millis(millis)),
                    _ => {}
                }
            }
        }
    }
}
