//! From the provider's words to ours and back: pure, and the only file that sees both.

use cloud_types::{Capabilities, HostId, HostRuntime, HostState, MachineTypeName, Region, Result};

use crate::client::ID;
use crate::wire::Machine;

/// What {{Type}} can do, as far as it is built.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities::none()
}

/// A machine as a host.
pub(crate) fn host(machine: Machine) -> Result<HostRuntime> {
    let id = HostId::new(machine.id.to_string());
    let (region, machine_type) = (Region::new(machine.region)?, MachineTypeName::new(machine.size)?);
    Ok(HostRuntime::new(ID.clone(), id, machine.name, state(&machine.status), region, machine_type))
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
