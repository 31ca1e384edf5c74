//! How long to wait, and what to be told meanwhile.

use std::fmt;
use std::time::Duration;

use crate::HostRuntime;

/// A wait with a deadline, and optionally someone who is told what is seen.
///
/// ```
/// use std::time::Duration;
/// use cloud_types::Wait;
///
/// let wait = Wait::within(Duration::from_secs(300)).on_progress(|seen| println!("{} is {}", seen.host.name, seen.host.state));
/// assert_eq!(wait.limit(), Duration::from_secs(300));
/// ```
pub struct Wait<'a> {
    limit: Duration,
    observer: Option<Observer<'a>>,
}

type Observer<'a> = Box<dyn FnMut(&Progress<'_>) + Send + 'a>;

/// What a wait has just seen.
#[derive(Debug)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The host as it is now.
    pub host: &'a HostRuntime,
    /// How long the wait has lasted.
    pub elapsed: Duration,
}

impl<'a> Wait<'a> {
    /// Waits at most so long.
    #[must_use]
    pub fn within(limit: Duration) -> Self {
        Self { limit, observer: None }
    }

    /// Tells this closure each time the host was read.
    #[must_use]
    pub fn on_progress(mut self, observer: impl FnMut(&Progress<'_>) + Send + 'a) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// How long at most.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit
    }

    pub(crate) fn tell(&mut self, host: &HostRuntime, elapsed: Duration) {
        if let Some(observer) = &mut self.observer {
            observer(&Progress { host, elapsed });
        }
    }
}

impl fmt::Debug for Wait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("limit", &self.limit).finish_non_exhaustive()
    }
}
