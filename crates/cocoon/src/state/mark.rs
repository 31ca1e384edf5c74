//! What the record of a VM says of it as a host: whose it is, by which wish it came to be, and of which type.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use cloud_types::{MachineTypeName, Name};
use serde::{Deserialize, Serialize};

/// What a VM is as a host of a provider: it is written with the VM itself, in one step, and this library does not look into it,
/// but for [`ran`](Self::ran).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostMark {
    /// The host's name, which is unique among its owner's; also the guest's own.
    pub name: Name,
    /// The caller's labels, and those that say whose host it is and which wish made it
    /// ([`ownership`](cloud_types::ownership)).
    pub labels: BTreeMap<String, String>,
    /// What the hardware is called in the catalog.
    pub machine_type: MachineTypeName,
    /// What was booted, as the wish named it.
    pub image: String,
    /// The user that the image lets in by SSH.
    pub ssh_user: String,
    /// The address of its own on this box's loopback interface, at which its published ports are.
    pub address: Ipv4Addr,
    /// Whether it has ever run: a host that could not start at first is none.
    #[serde(default)]
    pub ran: bool,
}
