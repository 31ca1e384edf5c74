//! A caller as people write them: gives calls up at any moment, and repeats them until they succeed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloud_types::clock::within;
use cloud_types::{Clock, Error, ErrorKind, Result};
use fastrand::Rng;

/// What all callers together have met.
#[derive(Debug, Default)]
pub struct Tally {
    dropped: AtomicU64,
    troubles: Mutex<BTreeMap<String, u64>>,
}

impl Tally {
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// How often each call ended with each kind of error.
    pub(super) fn troubles(&self) -> BTreeMap<String, u64> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, call: &str, kind: ErrorKind) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        *troubles.entry(format!("{call} {kind}")).or_default() += 1;
    }
}

/// One caller with chance of its own.
#[derive(Debug)]
pub(super) struct Caller<'a> {
    clock: Arc<dyn Clock>,
    tally: &'a Tally,
    random: Rng,
}

impl<'a> Caller<'a> {
    pub(super) fn new(clock: Arc<dyn Clock>, tally: &'a Tally, seed: u64) -> Self {
        Self { clock, tally, random: Rng::with_seed(seed) }
    }

    /// Another caller, who draws other numbers.
    pub(super) fn twin(&mut self) -> Self {
        Self { clock: Arc::clone(&self.clock), tally: self.tally, random: self.random.fork() }
    }

    /// Makes a call until it succeeds, dropping some attempts in the middle.
    ///
    /// # Errors
    /// The first error that a repeat does not mend, or the last of very many.
    pub(super) async fn insist<T, F>(&mut self, what: &'static str, call: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let given_up = (self.random.f64() < DROPPED).then(|| self.moment());
            let attempt = match given_up {
                None => Some(call().await),
                Some(moment) => within(&*self.clock, moment, call()).await,
            };
            match attempt {
                None => {
                    self.tally.dropped.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                Some(Ok(done)) => return Ok(done),
                Some(Err(error)) => {
                    self.tally.count(what, error.kind());
                    if !is_worth_a_repeat(&error) {
                        return Err(error.with_context(what));
                    }
                    last = Some(error);
                }
            }
            // Room comes back when it does: who asks at once is refused at once.
            let wait = match last.as_ref().map(Error::kind) {
                Some(ErrorKind::NoCapacity | ErrorKind::QuotaExceeded) => 20.0,
                _ => 1.0,
            };
            self.clock.sleep(Duration::from_secs_f64(wait * (1.0 + 2.0 * self.random.f64()))).await;
        }
        let error = last.unwrap_or_else(|| Error::new(ErrorKind::Timeout, "every attempt was dropped"));
        Err(error.with_context(format_args!("{what}, after {ATTEMPTS} attempts")))
    }

    /// When a call is given up: from a hundredth of a second to half a minute, every order of magnitude as likely.
    fn moment(&mut self) -> Duration {
        Duration::from_secs_f64(0.01 * 3000_f64.powf(self.random.f64()))
    }
}

/// What the errors' own words tell a caller to repeat, at once or once there is room.
fn is_worth_a_repeat(error: &Error) -> bool {
    // An answer that nobody understands is reported, and may be understood the next time.
    let patience = [
        ErrorKind::Unexpected,
        ErrorKind::OutcomeUnknown,
        ErrorKind::Timeout,
        ErrorKind::NoCapacity,
        ErrorKind::QuotaExceeded,
    ];
    error.is_retryable() || patience.contains(&error.kind())
}

const ATTEMPTS: u32 = 200;
/// How many attempts are dropped.
const DROPPED: f64 = 0.25;
