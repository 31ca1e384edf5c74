//! How long to wait, and what to be told meanwhile.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::{HostRuntime, Reach, Rung};

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
    rungs: Vec<(Rung, &'a dyn Reach)>,
}

type Observer<'a> = Box<dyn FnMut(&Progress<'_>) + Send + 'a>;

/// What a wait has just seen.
#[derive(Debug)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The host as it was read last.
    pub host: &'a HostRuntime,
    /// How long the wait has lasted.
    pub elapsed: Duration,
    /// The rung that has just been reached; each is told once. `None` where the host was only looked at.
    pub reached: Option<Rung>,
    /// What was seen last beyond the host's state, such as `connection refused`, or nothing. Its further lines, if any,
    /// are details.
    pub evidence: &'a str,
}

impl<'a> Wait<'a> {
    /// Waits at most so long.
    #[must_use]
    pub fn within(limit: Duration) -> Self {
        Self { limit, observer: None, rungs: Vec::new() }
    }

    /// Tells this closure each time the host was read or looked at, and of each rung that it reaches.
    #[must_use]
    pub fn on_progress(mut self, observer: impl FnMut(&Progress<'_>) + Send + 'a) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Looks at the host this way too before it counts as ready. Several may be given: all rungs are climbed, the
    /// lowest first. It matters to [`wait_ready`](crate::CloudProviderExt::wait_ready) and
    /// [`create_and_wait`](crate::CloudProviderExt::create_and_wait) alone; other waits are for a state.
    #[must_use]
    pub fn through(mut self, reach: &'a dyn Reach) -> Self {
        let rungs = reach.rungs().iter().filter(|rung| **rung > Rung::Address);
        self.rungs.extend(rungs.map(|rung| (*rung, reach)));
        self.rungs.sort_by_key(|(rung, _)| *rung);
        self
    }

    /// How long at most.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// The rungs above the address, lowest first.
    pub(crate) fn rungs(&self) -> Vec<(Rung, &'a dyn Reach)> {
        self.rungs.clone()
    }

    pub(crate) fn tell(&mut self, seen: &Progress<'_>) {
        if let Some(observer) = &mut self.observer {
            observer(seen);
        }
    }
}

/// The pauses between looks: from the shortest to the longest, half as long again each time, with jitter.
pub(crate) fn pauses(range: &RangeInclusive<Duration>) -> impl Iterator<Item = Duration> + use<> {
    let (shortest, longest) = range.clone().into_inner();
    let lengths = std::iter::successors(Some(shortest), move |pause| Some(pause.mul_f64(1.5).min(longest)));
    lengths.map(|pause| pause.mul_f64(0.8 + 0.2 * fastrand::f64()))
}

impl fmt::Debug for Wait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("limit", &self.limit).field("rungs", &self.rungs).finish_non_exhaustive()
    }
}
