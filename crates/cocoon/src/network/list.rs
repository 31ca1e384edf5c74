//! A network as it is seen from outside.

use std::net::{Ipv4Addr, Ipv6Addr};

use cloud_types::{ErrorKind, Name, Result};
use cocoon_images::system::blocking;
use jiff::Timestamp;
use serde::Serialize;

use super::claim;
use super::record::NetworkRecord;
use crate::{Cocoon, error};

/// A network of an installation, and who has an address in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Network {
    /// Its name.
    pub name: Name,
    /// Its bridge on this box, while a VM of it runs.
    pub bridge: String,
    /// The first of its 256 IPv4 addresses.
    pub ipv4: Ipv4Addr,
    /// Its IPv6 prefix, of 64 bits.
    pub ipv6: Ipv6Addr,
    /// This box's address in it: the VMs' router and name server.
    pub gateway: Ipv4Addr,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its VMs, whether they run or not, by their addresses.
    pub vms: Vec<Name>,
}

impl Cocoon {
    /// All networks, by name. There is one from its first VM's creation to its last one's removal.
    ///
    /// # Errors
    /// `PermissionDenied` where the root is another user's; `Unexpected` where a record cannot be read.
    pub async fn list_networks(&self) -> Result<Vec<Network>> {
        let networks = self.networks();
        blocking(move || {
            let mut found = Vec::new();
            for name in networks.list()? {
                let NetworkRecord { created_at, bridge, ipv4, ipv6, .. } = match networks.read(&name) {
                    // Removed since the names were read.
                    Err(error) if error.kind() == ErrorKind::NotFound => continue,
                    record => record?,
                };
                let claims = claim::all(&networks.directory(&name));
                let claims = claims.map_err(|error| error::io("reading a network's addresses", error))?;
                let vms = claims.into_iter().map(|claim| claim.vm).collect();
                let gateway = Ipv4Addr::from_bits(ipv4.to_bits() | 1);
                found.push(Network { name, bridge, ipv4, ipv6, gateway, created_at, vms });
            }
            Ok(found)
        })
        .await
    }
}
