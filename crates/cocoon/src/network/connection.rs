//! What is written down of a VM's network card.

use std::net::{Ipv4Addr, Ipv6Addr};

use cloud_types::Name;
use serde::{Deserialize, Serialize};

/// What a VM's network card is connected with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Connection {
    /// QEMU's own network.
    #[default]
    User,
    /// Nothing: there is no card.
    None,
    /// A network of this installation.
    Network(NetworkAddress),
}

impl Connection {
    /// The VM's place in a network of this installation.
    #[must_use]
    pub fn address(&self) -> Option<&NetworkAddress> {
        match self {
            Self::Network(address) => Some(address),
            Self::User | Self::None => None,
        }
    }
}

/// A VM's place in a network: known from its creation to its removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NetworkAddress {
    /// The network.
    pub network: Name,
    /// What DHCP tells the VM.
    pub ipv4: Ipv4Addr,
    /// What the VM makes of the network's prefix and its card's address, and what DHCPv6 tells it.
    pub ipv6: Ipv6Addr,
    /// The interface on this box, while the VM runs.
    pub tap: String,
}
