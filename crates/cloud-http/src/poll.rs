//! Long operations: asks again and again, ever slower, until it is done or the deadline passes.

use std::future::Future;
use std::time::Duration;

use cloud_types::clock::within;
use cloud_types::{Error, ErrorKind, Result};

use crate::client::Client;
use crate::deadline::Deadline;

/// What one look at a long operation saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress<T> {
    /// It is done.
    Done(T),
    /// It is not.
    Pending {
        /// Its state in a few words, for the error where time runs out. No secrets.
        seen: String,
        /// How long the provider asks to wait before the next look.
        hint: Option<Duration>,
    },
}

impl<T> Progress<T> {
    /// Not done: this was seen.
    pub fn pending(seen: impl Into<String>) -> Self {
        Self::Pending { seen: seen.into(), hint: None }
    }
}

/// How fast to look: first after `min`, then half as long again each time, up to `max`.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The first wait.
    pub min: Duration,
    /// The longest wait.
    pub max: Duration,
}

impl Default for Pace {
    /// From 500 ms to 5 s.
    fn default() -> Self {
        Self { min: Duration::from_millis(500), max: Duration::from_secs(5) }
    }
}

impl Client {
    /// Calls `look` until it says [`Done`](Progress::Done), at most for `deadline` on the client's clock.
    ///
    /// Waits are spread by a tenth up or down; a provider's hint replaces the pace where it is longer.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use cloud_http::{Client, Pace, Progress};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Action {
    ///     status: String,
    /// }
    ///
    /// async fn wait(client: &Client) -> cloud_types::Result<()> {
    ///     let look = || async {
    ///         let action: Action = client.get("get_action", "actions/7").send().await?;
    ///         Ok(if action.status == "done" { Progress::Done(()) } else { Progress::pending(action.status) })
    ///     };
    ///     client.poll("create_host", Pace::default(), Duration::from_secs(300), look).await
    /// }
    /// ```
    ///
    /// # Errors
    /// What `look` fails with, at once, unless it is of a kind that passes: [`Unavailable`](ErrorKind::Unavailable),
    /// [`RateLimited`](ErrorKind::RateLimited) or [`Timeout`](ErrorKind::Timeout), after which it looks again.
    /// [`Timeout`](ErrorKind::Timeout) past the deadline; the message says what was seen last, the source is the last
    /// error that passed.
    pub async fn poll<T, F, Fut>(
        &self,
        operation: &'static str,
        pace: Pace,
        deadline: Duration,
        mut look: F,
    ) -> Result<T>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<Progress<T>>>,
    {
        let clock = &*self.0.clock;
        let end = Deadline::after(clock, deadline);
        let mut wait = pace.min;
        let (mut last, mut trouble) = (None, None);
        while let Some(progress) = within(clock, end.left(clock), look()).await {
            let hint = match progress {
                Ok(Progress::Done(done)) => return Ok(done),
                Ok(Progress::Pending { seen, hint }) => {
                    last = Some(seen);
                    hint
                }
                Err(error) if passes(error.kind()) => {
                    let hint = error.retry_after();
                    trouble = Some(error);
                    hint
                }
                Err(error) => return Err(error),
            };
            let left = end.left(clock);
            if left.is_zero() {
                break;
            }
            let spread = wait.mul_f64(0.9 + 0.2 * self.0.roll());
            // The last look is at the deadline rather than before it.
            clock.sleep(spread.max(hint.unwrap_or_default()).min(left)).await;
            wait = wait.mul_f64(1.5).min(pace.max);
        }
        let seen = last.map_or_else(|| "nothing was seen".to_owned(), |seen| format!("last seen: {seen}"));
        let error = Error::new(ErrorKind::Timeout, format!("not done after {} s; {seen}", deadline.as_secs()));
        let error = error.with_provider(&self.0.provider).with_operation(operation);
        Err(match trouble {
            Some(trouble) => error.with_source(trouble),
            None => error,
        })
    }
}

/// Whether the next look may well succeed: the operation goes on at the provider, whatever hinders us to see it.
fn passes(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unavailable | ErrorKind::RateLimited | ErrorKind::Timeout)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeTransport;

    fn client() -> Client {
        let base = "http://api.test/".parse().unwrap();
        let fake = FakeTransport::new();
        Client::builder(cloud_types::ProviderId::new("test"), base).transport(fake).seed(1).build().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn polling_slows_down_and_ends_when_done() {
        let client = client();
        let start = tokio::time::Instant::now();
        let mut looks = Vec::new();
        let done = client.poll("wait", Pace::default(), Duration::from_secs(600), || {
            looks.push(start.elapsed());
            let progress = if looks.len() < 20 { Progress::pending("busy") } else { Progress::Done(7) };
            async { Ok(progress) }
        });
        assert_eq!(done.await.unwrap(), 7);
        let waits: Vec<_> = looks.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(waits[0] < Duration::from_millis(600), "{waits:?}");
        assert!(waits.iter().all(|wait| *wait < Duration::from_millis(5_600)), "{waits:?}");
        assert!(waits[18] > Duration::from_millis(4_400), "{waits:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_timeout_says_what_was_seen_last() {
        let client = client();
        let start = tokio::time::Instant::now();
        let never = client.poll("wait", Pace::default(), Duration::from_secs(30), || async {
            Ok(Progress::<()>::pending("action 7 running at 40 %"))
        });
        let error = never.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.to_string().contains("last seen: action 7 running at 40 %"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(31));
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_hangs_ends_at_the_deadline() {
        let client = client();
        let hangs = client.poll("wait", Pace::default(), Duration::from_secs(30), || async {
            std::future::pending::<Result<Progress<()>>>().await
        });
        assert_eq!(hangs.await.unwrap_err().kind(), ErrorKind::Timeout);
    }

    #[tokio::test(start_paused = true)]
    async fn a_longer_hint_is_obeyed() {
        let client = client();
        let start = tokio::time::Instant::now();
        let mut looks = 0;
        let done = client.poll("wait", Pace::default(), Duration::from_secs(60), || {
            looks += 1;
            let pending = Progress::Pending { seen: String::new(), hint: Some(Duration::from_secs(20)) };
            let progress = if looks == 1 { pending } else { Progress::Done(()) };
            async { Ok(progress) }
        });
        done.await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_does_not_end_the_wait_but_a_refusal_does() {
        let client = client();
        let mut looks = 0;
        let ended = client.poll("wait", Pace::default(), Duration::from_secs(60), || {
            looks += 1;
            let kind = if looks < 3 { ErrorKind::Unavailable } else { ErrorKind::NotFound };
            async move { Err::<Progress<()>, _>(Error::new(kind, "")) }
        });
        assert_eq!(ended.await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(looks, 3);
    }
}
