//! Public addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;

use super::{Kind, Labels, Record};

/// A public IPv4 address or IPv6 network.
#[derive(Debug, Clone, Serialize)]
pub struct Address {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// IPv4 or IPv6.
    pub version: AddressVersion,
    /// The address; for IPv6 the first address of a /64 network.
    pub ip: IpAddr,
    /// Where it is.
    pub region: String,
    /// The host it is assigned to.
    pub host: Option<u64>,
    /// Whether it goes when its host goes.
    pub auto_delete: bool,
    /// Labels.
    pub labels: Labels,
    /// Whether deleting it is refused.
    pub protected: bool,
    /// Reverse names set by the owner, by address.
    pub reverse_names: BTreeMap<IpAddr, String>,
    /// When it was asked for.
    pub created: Timestamp,
    /// Actions that run on it.
    pub busy: Vec<u64>,
}

impl Record for Address {
    const KIND: Kind = Kind::Address;

    fn id(&self) -> u64 {
        self.id
    }

    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn rename(&mut self, name: String) {
        self.name = name;
    }
}

/// The version of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressVersion {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}
