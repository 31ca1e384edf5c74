//! One thing that is read for all who need it, and kept while it is fresh.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_types::{Clock, Error, Result};

use crate::sabotage::{Promise, is_broken};

/// A value that is read once for all who need it, and kept while it is fresh. Who waits for a read that fails has its error,
/// and does not wait for another.
///
/// ```
/// use std::time::Duration;
///
/// use cloud_driver::Cached;
/// use cloud_types::SystemClock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cloud_types::Result<()> {
/// let prices = Cached::default();
/// let ten_minutes = Duration::from_secs(600);
/// assert_eq!(*prices.get(&SystemClock, ten_minutes, async { Ok(7) }).await?, 7);
/// assert_eq!(*prices.get(&SystemClock, ten_minutes, async { unreachable!("it is fresh") }).await?, 7);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Cached<T> {
    last: Mutex<Option<(Duration, Arc<T>)>>,
    /// How often reading failed, and how the last time.
    failed: Mutex<(u64, Option<Error>)>,
    reading: tokio::sync::Mutex<()>,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self { last: Mutex::default(), failed: Mutex::default(), reading: tokio::sync::Mutex::default() }
    }
}

impl<T> Cached<T> {
    /// What was read at most so long ago, or is read now, once for all who wait for it: they have its error too.
    pub async fn get(
        &self,
        clock: &dyn Clock,
        fresh: Duration,
        read: impl Future<Output = Result<T>>,
    ) -> Result<Arc<T>> {
        if let Some(seen) = self.fresh(clock, fresh) {
            return Ok(seen);
        }
        let before = self.failed().0;
        let _reading = self.reading.lock().await;
        if let Some(seen) = self.fresh(clock, fresh) {
            return Ok(seen);
        }
        if let (failures, Some(error)) = &*self.failed()
            && *failures > before
            && !is_broken(Promise::FailureIsShared)
        {
            return Err(error.clone());
        }
        let seen = read.await.map(Arc::new).inspect_err(|error| {
            let mut failed = self.failed();
            *failed = (failed.0 + 1, Some(error.clone()));
        })?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((clock.monotonic(), seen.clone()));
        Ok(seen)
    }

    /// What was read at most so long ago.
    pub fn fresh(&self, clock: &dyn Clock, fresh: Duration) -> Option<Arc<T>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(read, _)| clock.monotonic().saturating_sub(*read) < fresh).map(|(_, seen)| seen.clone())
    }

    fn failed(&self) -> MutexGuard<'_, (u64, Option<Error>)> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was read last, however long ago.
    pub fn seen(&self) -> Option<Arc<T>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(_, seen)| seen.clone())
    }
}

#[cfg(test)]
mod tests {
    use cloud_types::{ErrorKind, ScaledClock};
    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn who_waited_for_a_read_that_failed_does_not_wait_for_another() {
        let (clock, cached) = (ScaledClock::new(1.0), Cached::<u32>::default());
        let reads = Mutex::new(0);
        let read = async || {
            *reads.lock().unwrap() += 1;
            tokio::task::yield_now().await;
            Err(Error::new(ErrorKind::Unavailable, "down"))
        };
        let hour = Duration::from_secs(3600);
        for answer in join_all((0..40).map(|_| cached.get(&clock, hour, read()))).await {
            assert_eq!(answer.unwrap_err().message(), "down");
        }
        assert_eq!(*reads.lock().unwrap(), 1);
        assert_eq!(*cached.get(&clock, hour, async { Ok(1) }).await.unwrap(), 1);
    }

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
