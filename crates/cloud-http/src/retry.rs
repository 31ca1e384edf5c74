//! Step: retry. Whether an attempt is repeated, and when: a pure function of what is known about it.
//!
//! The backoff is our own: a delay here depends on the attempt, a provider's hint, the time left on an injected
//! clock and what a repeat may do, of which a general library knows only the first.

use std::time::Duration;

use cloud_types::ErrorKind;

use crate::classify::Executed;

/// How an attempt without a result ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The request never left.
    NotSent,
    /// It may have left, and no answer came.
    MaybeSent,
    /// It was answered with an error.
    Refused {
        /// What the provider's table made of it.
        kind: ErrorKind,
        /// Whether the request was carried out all the same.
        executed: Executed,
    },
    /// It was answered with a success whose body is cut off, too large or not what was expected.
    Garbled,
}

/// What repeating a request may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// The same as doing it once.
    Harmless,
    /// Something twice.
    Unsafe,
}

/// What to do about [`ErrorKind::Conflict`], which mostly means: busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflicts {
    /// Hand it to the caller.
    Return,
    /// Wait and repeat until the deadline.
    Retry,
}

/// All that decides about the next step.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    /// How it ended.
    pub outcome: Outcome,
    /// What a repeat may do.
    pub repeat: Repeat,
    /// What to do about conflicts.
    pub conflicts: Conflicts,
    /// How long the provider asked to wait.
    pub hint: Option<Duration>,
    /// How many attempts there were, this one included.
    pub attempts: u32,
    /// How many of them were answered with a [`Garbled`](Outcome::Garbled) success.
    pub garbled: u32,
    /// The time left until the deadline.
    pub left: Duration,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Hand the error to the caller as it is.
    Return,
    /// Wait that long, then repeat.
    RetryAfter(Duration),
    /// Hand the caller an error of this kind, with the attempt's own as its source.
    GiveUp(ErrorKind),
}

/// How often and how fast requests are repeated. The default suits most APIs.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    base: Duration,
    cap: Duration,
    attempts: u32,
    attempt_limit: Duration,
}

impl Default for RetryPolicy {
    /// Backoff from 500 ms up to 20 s, at most 8 attempts of at most 30 s each.
    fn default() -> Self {
        Self {
            base: Duration::from_millis(500),
            cap: Duration::from_secs(20),
            attempts: 8,
            attempt_limit: Duration::from_secs(30),
        }
    }
}

impl RetryPolicy {
    /// A policy that sends every request once.
    #[must_use]
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// The wait before the first repeat, doubled for each further one up to `cap`; the real one is a random part of it.
    #[must_use]
    pub fn backoff(mut self, base: Duration, cap: Duration) -> Self {
        (self.base, self.cap) = (base, cap);
        self
    }

    /// How often a request is sent at most, at least once. Does not bound what only means "later": a rate limit,
    /// or a conflict that is to be retried; the deadline bounds those. With 1 nothing at all is repeated.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// How long one attempt may take before it is given up as lost.
    #[must_use]
    pub fn attempt_limit(mut self, limit: Duration) -> Self {
        self.attempt_limit = limit;
        self
    }

    /// How long an attempt may take when `left` is left of the call.
    #[must_use]
    pub fn time_for_attempt(&self, left: Duration) -> Duration {
        self.attempt_limit.min(left)
    }

    /// What to do after `attempt`; `roll` is a random number in 0..1.
    ///
    /// - Nothing that may have been carried out and is unsafe to repeat is repeated.
    /// - A wait that does not fit into the time left is not begun: the error is returned at once.
    #[must_use]
    pub fn verdict(&self, attempt: &Attempt, roll: f64) -> Verdict {
        let certainly_not_done =
            matches!(attempt.outcome, Outcome::NotSent | Outcome::Refused { executed: Executed::No, .. });
        if attempt.repeat == Repeat::Unsafe && !certainly_not_done {
            return Verdict::GiveUp(ErrorKind::OutcomeUnknown);
        }
        let bounded = match attempt.outcome {
            Outcome::Refused { kind: ErrorKind::RateLimited, .. } => false,
            Outcome::Refused { kind: ErrorKind::Conflict, .. } if attempt.conflicts == Conflicts::Retry => false,
            Outcome::Refused { kind: ErrorKind::Unavailable, .. } | Outcome::NotSent | Outcome::MaybeSent => true,
            Outcome::Garbled if attempt.garbled >= GARBLED_ATTEMPTS.min(self.attempts) => {
                return Verdict::GiveUp(ErrorKind::Unexpected);
            }
            Outcome::Garbled => true,
            Outcome::Refused { .. } => return Verdict::Return,
        };
        if attempt.left.is_zero() && attempt.outcome == Outcome::MaybeSent {
            return Verdict::GiveUp(ErrorKind::Timeout);
        }
        let wait = self.wait(attempt, roll);
        if self.attempts == 1 || (bounded && attempt.attempts >= self.attempts) || wait >= attempt.left {
            return Verdict::Return;
        }
        Verdict::RetryAfter(wait)
    }

    /// The provider's hint and a little, so that not everybody comes back at once; without one, exponential
    /// backoff with full jitter.
    fn wait(&self, attempt: &Attempt, roll: f64) -> Duration {
        if let Some(hint) = attempt.hint.filter(|hint| !hint.is_zero()) {
            return hint.saturating_add(self.base.min(hint).mul_f64(roll));
        }
        let doublings = attempt.attempts.saturating_sub(1).min(31);
        self.base.saturating_mul(1 << doublings).min(self.cap).mul_f64(roll)
    }
}

/// An answer that cannot be read this often is no accident of the way.
const GARBLED_ATTEMPTS: u32 = 4;

#[cfg(test)]
mod tests {
    use ErrorKind::{Conflict, NoCapacity, OutcomeUnknown, RateLimited, Timeout, Unavailable, Unexpected};
    use Repeat::{Harmless, Unsafe};
    use Verdict::{GiveUp, Return};

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn attempt(outcome: Outcome, repeat: Repeat) -> Attempt {
        Attempt { outcome, repeat, conflicts: Conflicts::Return, hint: None, attempts: 1, garbled: 1, left: MINUTE }
    }

    fn refused(kind: ErrorKind, executed: Executed) -> Outcome {
        Outcome::Refused { kind, executed }
    }

    fn retries(verdict: Verdict) -> bool {
        matches!(verdict, Verdict::RetryAfter(_))
    }

    #[test]
    fn only_what_cannot_do_harm_is_repeated() {
        let (no, unknown) = (Executed::No, Executed::Unknown);
        let again = Verdict::RetryAfter(Duration::from_millis(250));
        for (outcome, harmless, unsafe_) in [
            (Outcome::NotSent, again, again),
            (Outcome::MaybeSent, again, GiveUp(OutcomeUnknown)),
            (Outcome::Garbled, again, GiveUp(OutcomeUnknown)),
            (refused(RateLimited, no), again, again),
            (refused(Unavailable, no), again, again),
            (refused(Unavailable, unknown), again, GiveUp(OutcomeUnknown)),
            (refused(NoCapacity, no), Return, Return),
            (refused(NoCapacity, unknown), Return, GiveUp(OutcomeUnknown)),
            (refused(Conflict, no), Return, Return),
        ] {
            let policy = RetryPolicy::default();
            assert_eq!(policy.verdict(&attempt(outcome, Harmless), 0.5), harmless, "{outcome:?}");
            assert_eq!(policy.verdict(&attempt(outcome, Unsafe), 0.5), unsafe_, "{outcome:?}");
        }
    }

    #[test]
    fn attempts_are_bounded_except_for_what_only_means_later() {
        let policy = RetryPolicy::default();
        let at = |outcome, attempts| policy.verdict(&Attempt { attempts, ..attempt(outcome, Harmless) }, 0.1);
        assert!(retries(at(Outcome::MaybeSent, 7)));
        assert_eq!(at(Outcome::MaybeSent, 8), Return);
        assert_eq!(at(Outcome::NotSent, 8), Return);
        assert!(retries(at(Outcome::Garbled, 7)));
        let garbled = |garbled| policy.verdict(&Attempt { garbled, ..attempt(Outcome::Garbled, Harmless) }, 0.1);
        assert!(retries(garbled(3)));
        assert_eq!(garbled(4), GiveUp(Unexpected));
        assert!(retries(at(refused(RateLimited, Executed::No), 1000)));
        let busy =
            Attempt { conflicts: Conflicts::Retry, attempts: 1000, ..attempt(refused(Conflict, Executed::No), Unsafe) };
        assert!(retries(policy.verdict(&busy, 0.1)));
        assert_eq!(RetryPolicy::never().verdict(&attempt(refused(RateLimited, Executed::No), Harmless), 0.0), Return);
    }

    #[test]
    fn a_wait_that_does_not_fit_is_not_begun() {
        let policy = RetryPolicy::default();
        let limited = attempt(refused(RateLimited, Executed::No), Harmless);
        assert_eq!(policy.verdict(&Attempt { hint: Some(2 * MINUTE), ..limited }, 0.0), Return);
        let none_left = Attempt { left: Duration::ZERO, ..attempt(Outcome::MaybeSent, Harmless) };
        assert_eq!(policy.verdict(&none_left, 0.0), GiveUp(Timeout));
        assert_eq!(policy.verdict(&Attempt { repeat: Unsafe, ..none_left }, 0.0), GiveUp(OutcomeUnknown));
    }

    proptest::proptest! {
        #[test]
        fn waits_are_in_bounds(attempts in 1u32.., roll in 0.0..1.0, hint in proptest::option::of(0u64..4_000_000_000)) {
            let hint = hint.map(Duration::from_secs);
            let left = Duration::MAX;
            let limited = Attempt { attempts, hint, left, ..attempt(refused(RateLimited, Executed::No), Unsafe) };
            let Verdict::RetryAfter(wait) = RetryPolicy::default().verdict(&limited, roll) else { panic!("no retry") };
            match hint.filter(|hint| !hint.is_zero()) {
                Some(hint) => proptest::prop_assert!(hint <= wait && wait <= hint + Duration::from_millis(500)),
                None => proptest::prop_assert!(wait <= Duration::from_secs(20)),
            }
        }
    }
}
