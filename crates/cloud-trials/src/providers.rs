//! The providers that are tried, in one list: each has a row here, a feature in the manifest, and a file.

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "gcp")]
mod gcp;
mod hetzner;
mod local;

use std::io;
use std::str::FromStr;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::bench::subject::Subject;
use crate::chaos::Field;

pub use local::LocalField;

/// Every provider that is compiled in, in alphabetical order.
pub const PROVIDERS: &[Provider] = &[
    #[cfg(feature = "aws")]
    aws::PROVIDER,
    #[cfg(feature = "gcp")]
    gcp::PROVIDER,
    hetzner::PROVIDER,
    local::PROVIDER,
];

/// A provider and how it is tried. Its text form is its name.
#[derive(Debug, Clone, Copy)]
pub struct Provider {
    /// Its name.
    pub name: &'static str,
    open: fn(f64, u64) -> Opening,
    subject: Option<&'static dyn Subject>,
}

type Opening = BoxFuture<'static, io::Result<Arc<dyn Field>>>;

impl Provider {
    /// An account of it in which requests meet faults with this probability, and where chance starts from this seed.
    ///
    /// # Errors
    /// Where the simulator cannot be started.
    pub async fn field(&self, faults: f64, seed: u64) -> io::Result<Arc<dyn Field>> {
        (self.open)(faults, seed).await
    }

    /// What is measured of it.
    pub(crate) fn subject(&self) -> Result<&'static dyn Subject, String> {
        self.subject.ok_or_else(|| format!("there is no bench for {}", self.name))
    }
}

impl FromStr for Provider {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = PROVIDERS.iter().find(|provider| provider.name == name).copied();
        found.ok_or_else(|| {
            let names: Vec<_> = PROVIDERS.iter().map(|provider| provider.name).collect();
            format!("there is {}; others need their feature", names.join(", "))
        })
    }
}
