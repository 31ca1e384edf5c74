//! One thing that is read for all who need it, and kept while it is fresh.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloud_types::{Clock, Result};

#[derive(Debug)]
pub(crate) struct Cached<T> {
    last: Mutex<Option<(Duration, Arc<T>)>>,
    reading: tokio::sync::Mutex<()>,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self { last: Mutex::default(), reading: tokio::sync::Mutex::default() }
    }
}

impl<T> Cached<T> {
    /// What was read at most so long ago, or is read now, once for all who wait for it.
    pub(crate) async fn get(
        &self,
        clock: &dyn Clock,
        fresh: Duration,
        read: impl Future<Output = Result<T>>,
    ) -> Result<Arc<T>> {
        if let Some(seen) = self.fresh(clock, fresh) {
            return Ok(seen);
        }
        let _reading = self.reading.lock().await;
        if let Some(seen) = self.fresh(clock, fresh) {
            return Ok(seen);
        }
        let seen = Arc::new(read.await?);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((clock.monotonic(), seen.clone()));
        Ok(seen)
    }

    /// What was read at most so long ago.
    pub(crate) fn fresh(&self, clock: &dyn Clock, fresh: Duration) -> Option<Arc<T>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(read, _)| clock.monotonic().saturating_sub(*read) < fresh).map(|(_, seen)| seen.clone())
    }

    /// What was read last, however long ago.
    pub(crate) fn seen(&self) -> Option<Arc<T>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(_, seen)| seen.clone())
    }
}

#[cfg(test)]
mod tests {
    use cloud_types::{Error, ErrorKind, ScaledClock};

    use super::*;

    #[tokio::test]
    async fn what_is_fresh_is_not_read_again_and_a_failure_is_not_kept() {
        let (clock, cached) = (ScaledClock::new(1.0), Cached::default());
        let hour = Duration::from_secs(3600);
        let failed = cached.get(&clock, hour, async { Err(Error::new(ErrorKind::Unavailable, "no")) }).await;
        assert!(failed.is_err() && cached.seen().is_none());
        assert_eq!(*cached.get(&clock, hour, async { Ok(1) }).await.unwrap(), 1);
        assert_eq!(*cached.get(&clock, hour, async { Ok(2) }).await.unwrap(), 1);
        assert_eq!(*cached.get(&clock, Duration::ZERO, async { Ok(3) }).await.unwrap(), 3);
        assert_eq!(cached.seen().as_deref(), Some(&3));
    }
}
