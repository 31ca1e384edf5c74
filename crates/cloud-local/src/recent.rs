//! What one process has done of late, which readers of the cloud may not see yet.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Moments by a clock's monotonic time; what is older than the lag is forgotten.
#[derive(Debug)]
pub(crate) struct Recent {
    lag: Duration,
    moments: Mutex<Moments>,
}

#[derive(Debug, Default)]
struct Moments {
    made: HashMap<String, Duration>,
    sent: HashMap<String, Duration>,
}

impl Recent {
    pub(crate) fn new(lag: Duration) -> Self {
        Self { lag, moments: Mutex::default() }
    }

    /// A host was made: it may not be found for a while.
    pub(crate) fn made(&self, id: &str, now: Duration) {
        self.note(|moments| &mut moments.made, id, now);
    }

    /// A create is being sent: even if nobody waits for its answer, it may make a host that is not seen for a while.
    pub(crate) fn sent(&self, name: &str, now: Duration) {
        self.note(|moments| &mut moments.sent, name, now);
    }

    /// A host was deleted: it is rightly not found.
    pub(crate) fn deleted(&self, id: &str) {
        self.moments().made.remove(id);
    }

    /// Whether a host was made so shortly ago that it may not be found yet.
    pub(crate) fn may_hide(&self, id: &str, now: Duration) -> bool {
        self.moments().made.get(id).is_some_and(|made| !self.left(*made, now).is_zero())
    }

    /// How long a host may still be hidden that the last create of this name has made.
    pub(crate) fn hides_for(&self, name: &str, now: Duration) -> Duration {
        self.moments().sent.get(name).map_or(Duration::ZERO, |sent| self.left(*sent, now))
    }

    fn note(&self, which: impl Fn(&mut Moments) -> &mut HashMap<String, Duration>, key: &str, now: Duration) {
        if self.lag.is_zero() {
            return;
        }
        let mut moments = self.moments();
        let map = which(&mut moments);
        map.retain(|_, moment| !self.left(*moment, now).is_zero());
        map.insert(key.to_owned(), now);
    }

    fn left(&self, moment: Duration, now: Duration) -> Duration {
        self.lag.saturating_sub(now.saturating_sub(moment))
    }

    fn moments(&self) -> MutexGuard<'_, Moments> {
        self.moments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_lag_hides_nothing() {
        let recent = Recent::new(Duration::from_secs(2));
        recent.made("7", Duration::from_secs(10));
        recent.sent("web", Duration::from_secs(10));
        assert!(recent.may_hide("7", Duration::from_secs(11)));
        assert_eq!(recent.hides_for("web", Duration::from_secs(11)), Duration::from_secs(1));
        assert!(!recent.may_hide("7", Duration::from_secs(12)));
        assert_eq!(recent.hides_for("web", Duration::from_secs(12)), Duration::ZERO);
        recent.made("8", Duration::from_secs(13));
        recent.deleted("8");
        assert!(!recent.may_hide("8", Duration::from_secs(13)));
    }
}
