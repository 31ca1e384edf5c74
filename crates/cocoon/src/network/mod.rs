//! Networks with root: a bridge with DHCP, names and a way out by NAT, IPv4 and IPv6, apart from all others.
//!
//! A network is a directory below `networks/` with a range of addresses; a VM has a claim on one of them from its creation to
//! its removal. In the kernel there is nothing of it but while a VM of it runs:
//!
//! | What | Named | Removed |
//! |---|---|---|
//! | the bridge | `cn…`, as recorded | with the last VM that runs |
//! | a `dnsmasq` | by `--interface=cn…` | likewise |
//! | the network's rules | table `cocoon-cn…` | likewise |
//! | a VM's interface | `ct…`, after the VM's id | when the VM is stopped |
//! | its rules and published ports | tables `cocoon-ct…` | likewise |
//!
//! Whether a VM of the network runs is asked of the kernel, under the network's lock: then its interface is on the bridge,
//! before its hypervisor is started and until that is proven dead. What a killed command or a VM that ended by itself leaves
//! is found by these names, and removed by the next start, stop or removal of the VM, or by [`collect`].
//!
//! Not kept from VMs: what this box serves on all its addresses, as from any neighbour. Not given: a way for a VM to itself by
//! its own published port, where packets on bridges pass the box's rules for IP (`br_netfilter`).

mod choice;
mod claim;
mod collect;
mod connect;
mod connection;
mod dnsmasq;
mod firewall;
mod forwarding;
mod link;
mod list;
mod names;
mod port;
mod record;
mod rights;
mod routes;
mod rules;
mod store;
mod subnet;
mod tool;

pub use choice::NetworkChoice;
pub use collect::NetworkLeftover;
pub use connection::{Connection, NetworkAddress};
pub use list::Network;
