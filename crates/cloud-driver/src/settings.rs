//! The settings that every provider's `Config` has.

use std::sync::Arc;
use std::time::Duration;

use cloud_types::{Clock, Owner, SystemClock};

/// Whose hosts, on which clock, how long a call may take, and how random it is.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whose hosts the value makes and lists.
    pub owner: Owner,
    /// The clock that everything waits on.
    pub clock: Arc<dyn Clock>,
    /// How long one call of the API may take with all its repeats.
    pub deadline: Duration,
    /// Makes the random part of waits the same in every run.
    pub seed: Option<u64>,
}

impl Default for Settings {
    /// The owner `default`, the machine's clock, and two minutes a call.
    fn default() -> Self {
        Self { owner: Owner::default(), clock: Arc::new(SystemClock), deadline: Duration::from_secs(120), seed: None }
    }
}

/// The setters of [`Settings`] on a `Config` that holds them in its field `settings`.
#[macro_export]
macro_rules! settings {
    ($config:ty) => {
        impl $config {
            /// Whose hosts this value makes and lists.
            #[must_use]
            pub fn owner(mut self, owner: ::cloud_types::Owner) -> Self {
                self.settings.owner = owner;
                self
            }

            /// The clock that everything waits on.
            #[must_use]
            pub fn clock(mut self, clock: ::std::sync::Arc<dyn ::cloud_types::Clock>) -> Self {
                self.settings.clock = clock;
                self
            }

            /// How long one call of the API may take with all its repeats, its wait for a place in the request budget apart.
            /// Default: 2 minutes.
            #[must_use]
            pub fn deadline(mut self, deadline: ::std::time::Duration) -> Self {
                self.settings.deadline = deadline;
                self
            }

            /// Makes the random part of waits the same in every run, for tests.
            #[must_use]
            pub fn seed(mut self, seed: u64) -> Self {
                self.settings.seed = Some(seed);
                self
            }
        }
    };
}
