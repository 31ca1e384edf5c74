//! Where hosts are attached.

/// The network of hosts and firewall rules, and what public address hosts get.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    pub(crate) network: String,
    pub(crate) subnetwork: Option<String>,
    pub(crate) addresses: PublicAddresses,
}

/// What public address a host gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PublicAddresses {
    /// One that a stop gives back.
    Ephemeral,
    /// One that is reserved for it.
    Reserved,
}

impl Default for Network {
    fn default() -> Self {
        let network = "global/networks/default".to_owned();
        Self { network, subnetwork: None, addresses: PublicAddresses::Ephemeral }
    }
}
