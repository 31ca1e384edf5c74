//! The provider's words into ours and back: pure, and with `client` and `error` the only file that knows the words of the
//! wire. Bodies of requests are made here too.

use std::collections::BTreeMap;

use cloud_driver::Candidate;
use cloud_types::{HostId, HostRuntime, HostState, MachineTypeName, Region, Result, ownership};

use crate::wire::Machine;

/// A machine: the host, and what the contract has no word for.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) host: HostRuntime,
    /// All labels, also the workspace's own.
    pub(crate) labels: BTreeMap<String, String>,
}

/// A machine in our words.
pub(crate) fn seen(machine: Machine) -> Result<Seen> {
    let id = HostId::new(machine.id.to_string());
    let (region, machine_type) = (Region::new(machine.region)?, MachineTypeName::new(machine.size)?);
    let mut host = HostRuntime::new(crate::ID, id, machine.name, state(&machine.status), region, machine_type);
    host.owner = ownership::owner_of(&machine.labels);
    host.labels = ownership::user_labels(&machine.labels);
    Ok(Seen { host, labels: machine.labels })
}

impl From<Seen> for Candidate<Seen> {
    fn from(machine: Seen) -> Self {
        let (id, labels, created) = (machine.host.id.clone(), machine.labels.clone(), machine.host.created_at);
        Self { id, labels, created, host: machine }
    }
}

/// The states, each from the provider's page; a word that is not on it stays `Unknown`.
fn state(status: &str) -> HostState {
    match status {
        "running" => HostState::Running,
        "off" => HostState::Stopped,
        unknown => HostState::Unknown(unknown.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_nobody_knows_is_unknown() {
        assert_eq!(state("running"), HostState::Running);
        assert_eq!(state("dreaming"), HostState::Unknown("dreaming".to_owned()));
    }
}
