//! What the bench needs of a provider: a simulator with hosts, the provider on it, and the same calls without us.

use std::fmt::Debug;

use async_trait::async_trait;
use cloud_sim::SimConfig;
use cloud_types::{CloudProvider, HostSpec};

use super::Result;

/// A provider that is measured.
#[async_trait(?Send)]
pub(super) trait Subject: Debug {
    /// Starts its simulator and puts so many hosts of [`OWNER`] into it.
    async fn simulate(&self, config: SimConfig, hosts: usize) -> Result<Simulated>;

    /// The provider on a simulator, for [`OWNER`].
    fn provider(&self, url: &str, speed: f64) -> Result<Box<dyn CloudProvider>>;

    /// A host to be made.
    fn spec(&self, name: &str) -> Result<HostSpec>;

    /// Where a host is read.
    fn host_path(&self, id: &str) -> String;

    /// Parses and drops what the provider reads of a host.
    fn parse_host(&self, body: &[u8]) -> Result<()>;

    /// Where the first page of all hosts of [`OWNER`] is read.
    fn first_page(&self) -> String;

    /// Parses and drops what the provider reads of a page: how many hosts are on it, and where the next one is.
    fn parse_page(&self, body: &[u8]) -> Result<(usize, Option<String>)>;
}

/// A simulator in this process.
#[derive(Debug)]
pub(super) struct Simulated {
    pub(super) url: String,
    /// Serves until it is dropped.
    pub(super) _running: Box<dyn Debug>,
}

/// Whose hosts are read.
pub(super) const OWNER: &str = "bench";
