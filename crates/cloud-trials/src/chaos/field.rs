//! What chaos needs of an account: providers as several processes see it, and a census of what it truly holds.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use cloud_types::{Clock, CloudProvider, GiB, Image, MachineTypeName, Owner, Region, Result};

/// An account in which chaos is made.
pub trait Field: Debug + Send + Sync {
    /// The provider's name.
    fn provider(&self) -> &'static str;

    /// The clock that the account and its callers live by.
    fn clock(&self) -> Arc<dyn Clock>;

    /// The account as a new process of that owner sees it.
    ///
    /// # Errors
    /// Where the provider refuses its settings.
    fn process(&self, owner: &Owner) -> Result<Arc<dyn CloudProvider>>;

    /// What is ordered.
    fn menu(&self) -> Menu;

    /// What the account truly holds, read past the provider.
    fn census(&self) -> Census;
}

/// What can be ordered for the purpose.
#[derive(Debug, Clone)]
pub struct Menu {
    /// Regions where both machine types are sold.
    pub regions: Vec<Region>,
    /// What hosts begin with.
    pub small: MachineTypeName,
    /// What they are resized to.
    pub larger: MachineTypeName,
    /// What they boot.
    pub image: Image,
    /// The size of their data disks.
    pub data_disk: GiB,
}

/// What an account holds at a moment, and what happened to it so far.
#[derive(Debug, Clone, Default)]
pub struct Census {
    /// Every host: owner, name and id.
    pub hosts: Vec<(String, String, String)>,
    /// The names of all snapshots.
    pub snapshots: Vec<String>,
    /// How many of each kind there are; kinds of which there are none are absent.
    pub counts: BTreeMap<String, usize>,
    /// Requests so far.
    pub calls: u64,
    /// How many of them met a fault.
    pub faults: u64,
}
