//! What is written down of a network: `network.json`.

use std::net::{Ipv4Addr, Ipv6Addr};

use cloud_types::Name;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::subnet::{self, Range};
use crate::state::Version;

/// A network of an installation, as it is recorded. Whether it is in the kernel is asked of the kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NetworkRecord {
    pub(super) version: Version,
    pub(super) name: Name,
    pub(super) created_at: Timestamp,
    /// The bridge's name, which tells this network from all others, also from a later one of its name.
    pub(super) bridge: String,
    /// The first address of 256.
    pub(super) ipv4: Ipv4Addr,
    /// A prefix of 64 bits.
    pub(super) ipv6: Ipv6Addr,
}

impl NetworkRecord {
    /// All its IPv4 addresses.
    pub(super) fn range(&self) -> Range {
        Range::new(self.ipv4, 24)
    }

    /// This box's address in it.
    pub(super) fn gateway(&self) -> Ipv4Addr {
        self.host(1)
    }

    /// This box's IPv6 address in it.
    pub(super) fn gateway_ipv6(&self) -> Ipv6Addr {
        Ipv6Addr::from_bits(self.ipv6.to_bits() | 1)
    }

    /// The addresses that VMs may have.
    pub(super) fn hosts(&self) -> impl Iterator<Item = Ipv4Addr> {
        let first = self.ipv4;
        (2..=254).map(move |number| Ipv4Addr::from_bits(first.to_bits() | number))
    }

    fn host(&self, number: u32) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.ipv4.to_bits() | number)
    }

    /// The IPv6 address of the VM with this card.
    pub(super) fn ipv6_of(&self, mac: &str) -> Ipv6Addr {
        subnet::of_card(self.ipv6, subnet::parse_mac(mac).unwrap_or_default())
    }
}
