//! A host as the provider tells of it, and the states it can be in.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use crate::{Addresses, HostId, MachineTypeName, Money, Owner, ProviderId, Region, Zone};

/// A host as it was when the provider was asked.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct HostRuntime {
    /// Who runs it.
    pub provider: ProviderId,
    /// How to find it again.
    pub id: HostId,
    /// Its name; of a host that this library did not make, any text.
    pub name: String,
    /// Who it belongs to; `None` for a host that this library did not make.
    pub owner: Option<Owner>,
    /// What it is doing.
    pub state: HostState,
    /// Where it is reached.
    pub addresses: Addresses,
    /// The user that its image lets in by SSH.
    pub ssh_user: String,
    /// Where it lives.
    pub region: Region,
    /// Its zone, on a provider that has zones.
    pub zone: Option<Zone>,
    /// What it runs on.
    pub machine_type: MachineTypeName,
    /// The provider's id or name of what it booted, where it still says so.
    pub image: Option<String>,
    /// The caller's own labels.
    pub labels: BTreeMap<String, String>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// What an hour of the running machine costs, without disks and addresses, where it is known without a further call.
    pub hourly_price: Option<Money>,
}

impl HostRuntime {
    /// A host of which only these are known; the rest is empty, to be filled in.
    #[must_use]
    pub fn new(
        provider: ProviderId,
        id: HostId,
        name: impl Into<String>,
        state: HostState,
        region: Region,
        machine_type: MachineTypeName,
    ) -> Self {
        Self {
            provider,
            id,
            name: name.into(),
            owner: None,
            state,
            addresses: Addresses::default(),
            ssh_user: "root".to_owned(),
            region,
            zone: None,
            machine_type,
            image: None,
            labels: BTreeMap::new(),
            created_at: None,
            hourly_price: None,
        }
    }
}

/// What a host is doing. Every provider maps its own words to these in one place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum HostState {
    /// Being made, rebuilt or moved: not usable yet.
    Provisioning,
    /// Booting.
    Starting,
    /// Powered on.
    Running,
    /// Shutting down.
    Stopping,
    /// Powered off. What it still costs: [`Capabilities::stopped_billing`](crate::Capabilities::stopped_billing).
    Stopped,
    /// Its memory is kept while it does not run.
    Suspended,
    /// Being deleted.
    Deleting,
    /// Taken away by the provider, as spot hosts are.
    Preempted,
    /// The provider gave up on it; delete it.
    Failed,
    /// A word that this library does not know, as the provider wrote it.
    Unknown(String),
}

impl fmt::Display for HostState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(word) => write!(f, "Unknown({word})"),
            known => fmt::Debug::fmt(known, f),
        }
    }
}
