//! One question that many ask at once, answered by few calls.
//!
//! Whoever asks enters its key. One of those who ask makes the call for all of them, and hands the task on when it is done
//! or dropped; so there is no task in the background, and nothing to shut down.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_types::{Clock, Result};
use tokio::sync::watch;

use crate::sabotage::{Promise, is_broken};

/// Asks about many keys by one call, such as about all hosts that somebody waits for.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use cloud_driver::Together;
/// use cloud_types::SystemClock;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let lengths = Together::new(Arc::new(SystemClock), Duration::from_millis(1), 50);
/// let call = async |words: Vec<&'static str>| Ok(words.into_iter().map(|word| (word, word.len())).collect());
/// let (one, other) = futures::join!(lengths.ask("one", call), lengths.ask("other", call));
/// assert_eq!((one.unwrap(), other.unwrap()), (Some(3), Some(5)));
/// # });
/// ```
pub struct Together<K, A> {
    clock: Arc<dyn Clock>,
    gather: Duration,
    most: usize,
    waiting: Mutex<BTreeMap<K, Entry<A>>>,
    /// Held by the one that asks for all.
    asking: tokio::sync::Mutex<()>,
    /// How many calls were begun.
    rounds: AtomicU64,
}

struct Entry<A> {
    askers: usize,
    /// The round at which the newest of them joined.
    newest: u64,
    /// The round of the newest answer, and the answer.
    answer: watch::Sender<(u64, Result<Option<A>>)>,
}

impl<K: Ord + Clone, A: Clone> Together<K, A> {
    /// Calls wait for so long for others to join them, and ask about so many keys at most.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, gather: Duration, most: usize) -> Self {
        let (waiting, asking) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { clock, gather, most, waiting, asking, rounds: AtomicU64::new(0) }
    }

    /// The answer for a key, by a call that began after this one did; none where that call's answer has nothing of it.
    ///
    /// # Errors
    /// Those of the call, which all have who waited for it.
    pub async fn ask<F>(&self, key: K, call: impl Fn(Vec<K>) -> F) -> Result<Option<A>>
    where
        F: Future<Output = Result<Vec<(K, A)>>>,
    {
        if is_broken(Promise::WaitersShareCalls) {
            return Ok(call(vec![key]).await?.into_iter().next().map(|(_, answer)| answer));
        }
        let place = Place::enter(self, key);
        let mut answer = place.answer.clone();
        loop {
            let asking = tokio::select! {
                biased;
                _ = async { answer.wait_for(|(round, _)| *round > place.joined).await.is_ok() } => None,
                asking = self.asking.lock() => Some(asking),
                // Whoever asks for all may not be polled by its caller: then each helps itself.
                () = self.clock.sleep(self.gather + HELP_YOURSELF) => {
                    let answers = call(vec![place.key.clone()]).await?;
                    return Ok(answers.into_iter().find(|(key, _)| *key == place.key).map(|(_, answer)| answer));
                }
            };
            let (round, seen) = answer.borrow().clone();
            if round > place.joined {
                return seen;
            }
            if asking.is_some() {
                self.ask_once(&call).await;
            }
        }
    }

    /// One call for those that have waited longest.
    async fn ask_once<F>(&self, call: &impl Fn(Vec<K>) -> F)
    where
        F: Future<Output = Result<Vec<(K, A)>>>,
    {
        self.clock.sleep(self.gather).await;
        let round = self.rounds.fetch_add(1, Ordering::Relaxed) + 1;
        let batch: Vec<K> = {
            let entries = self.entries();
            let mut open: Vec<_> =
                entries.iter().filter(|(_, entry)| entry.answer.borrow().0 <= entry.newest).collect();
            open.sort_by_key(|(_, entry)| entry.newest);
            open.into_iter().take(self.most).map(|(key, _)| key.clone()).collect()
        };
        if batch.is_empty() {
            return;
        }
        let mut answers = call(batch.clone()).await.map(BTreeMap::from_iter);
        let entries = self.entries();
        for key in &batch {
            // An error is for all of them: each alone would wait as long for the same.
            let found = answers.as_mut().map(|answers| answers.remove(key)).map_err(|error| error.clone());
            if let Some(entry) = entries.get(key) {
                drop(entry.answer.send_replace((round, found)));
            }
        }
    }
}

impl<K, A> Together<K, A> {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<K, Entry<A>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, A> fmt::Debug for Together<K, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Together").field("waiting", &self.entries().len()).finish_non_exhaustive()
    }
}

/// The place of one that asks; dropping it leaves.
struct Place<'a, K: Ord, A> {
    together: &'a Together<K, A>,
    key: K,
    /// Only an answer to a later round counts: an earlier one may be older than what the asker has done.
    joined: u64,
    answer: watch::Receiver<(u64, Result<Option<A>>)>,
}

impl<'a, K: Ord + Clone, A> Place<'a, K, A> {
    fn enter(together: &'a Together<K, A>, key: K) -> Self {
        let mut entries = together.entries();
        let joined = together.rounds.load(Ordering::Relaxed);
        let fresh = || Entry { askers: 0, newest: joined, answer: watch::channel((0, Ok(None))).0 };
        let entry = entries.entry(key.clone()).or_insert_with(fresh);
        entry.askers += 1;
        entry.newest = joined;
        let answer = entry.answer.subscribe();
        drop(entries);
        Self { together, key, joined, answer }
    }
}

impl<K: Ord, A> Drop for Place<'_, K, A> {
    fn drop(&mut self) {
        let mut entries = self.together.entries();
        if let Some(entry) = entries.get_mut(&self.key) {
            entry.askers -= 1;
            if entry.askers == 0 {
                entries.remove(&self.key);
            }
        }
    }
}

/// How long one that asks relies on another.
const HELP_YOURSELF: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use cloud_types::{Error, ErrorKind, SystemClock};
    use futures::future::{join_all, poll_immediate};

    use super::*;

    fn together(most: usize) -> Together<u32, u32> {
        Together::new(Arc::new(SystemClock), Duration::from_secs(1), most)
    }

    /// Twice the number of each even key; odd ones are not there.
    async fn double(keys: Vec<u32>) -> Result<Vec<(u32, u32)>> {
        Ok(keys.into_iter().filter(|key| key % 2 == 0).map(|key| (key, key * 2)).collect())
    }

    #[tokio::test(start_paused = true)]
    async fn many_share_few_calls_and_each_gets_its_own_answer() {
        let (calls, together) = (AtomicUsize::new(0), together(50));
        let call = |keys: Vec<u32>| {
            calls.fetch_add(1, Ordering::Relaxed);
            assert!(keys.len() <= 50);
            double(keys)
        };
        let answers = join_all((0..120).map(|key| together.ask(key, call))).await;
        for (key, answer) in (0..).zip(answers) {
            assert_eq!(answer.unwrap(), (key % 2 == 0).then_some(key * 2));
        }
        assert_eq!(calls.load(Ordering::Relaxed), 3);
        assert!(together.entries().is_empty(), "all have left");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_fails_is_the_error_of_all_who_waited_for_it_and_of_nobody_else() {
        let (calls, together) = (AtomicUsize::new(0), together(50));
        let call = async |keys: Vec<u32>| match calls.fetch_add(1, Ordering::Relaxed) {
            0 => Err(Error::new(ErrorKind::Unavailable, "down")),
            _ => double(keys).await,
        };
        for answer in join_all((0..40).map(|key| together.ask(key, call))).await {
            assert_eq!(answer.unwrap_err().message(), "down");
        }
        assert_eq!(calls.load(Ordering::Relaxed), 1, "nobody waits once more for the same error");
        assert_eq!(together.ask(4, call).await.unwrap(), Some(8));
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_for_all_and_is_not_polled_any_more_holds_up_nobody() {
        let together = together(50);
        let mut stuck = Box::pin(together.ask(2, double));
        assert!(poll_immediate(&mut stuck).await.is_none());
        assert_eq!(together.ask(4, double).await.unwrap(), Some(8));
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_for_all_and_is_dropped_hands_the_task_on() {
        let together = together(50);
        let mut dropped = Box::pin(together.ask(2, double));
        assert!(poll_immediate(&mut dropped).await.is_none());
        drop(dropped);
        assert_eq!(together.ask(4, double).await.unwrap(), Some(8));
    }
}
