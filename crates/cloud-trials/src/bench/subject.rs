//! What the bench needs of a provider: a simulator with hosts, the provider on it, and the same calls without us.

use std::fmt::Debug;

use async_trait::async_trait;
use cloud_sim::SimConfig;
use cloud_types::{CloudProvider, HostSpec};

use super::Result;

/// A provider that is measured.
#[async_trait(?Send)]
pub(crate) trait Subject: Debug + Send + Sync {
    /// Starts its simulator and puts so many hosts of [`OWNER`] into it.
    async fn simulate(&self, config: SimConfig, hosts: usize) -> Result<Simulated>;

    /// The provider on a simulator, for [`OWNER`].
    fn provider(&self, url: &str, speed: f64) -> Result<Box<dyn CloudProvider>>;

    /// A host to be made.
    fn spec(&self, name: &str) -> Result<HostSpec>;

    /// The same calls without the provider.
    fn bare(&self, url: &str) -> Result<Box<dyn Bare>>;
}

/// Calls of the API without us.
#[async_trait(?Send)]
pub(crate) trait Bare: Debug {
    /// Reads, parses and drops a host.
    async fn get(&self, id: &str) -> Result<()>;

    /// Reads, parses and drops all pages of all hosts of [`OWNER`].
    async fn list(&self) -> Result<Listed>;
}

/// What a list came to.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    pub(crate) hosts: usize,
    pub(crate) pages: usize,
    /// The size of all pages, where it can be seen.
    pub(crate) bytes: Option<usize>,
}

/// A simulator in this process.
#[derive(Debug)]
pub(crate) struct Simulated {
    pub(crate) url: String,
    /// Serves until it is dropped.
    pub(crate) _running: Box<dyn Debug>,
}

/// Whose hosts are read.
pub(crate) const OWNER: &str = "bench";
