//! The provider on a simulator of its API.

use std::sync::Arc;

use cloud_conformance::Operation;
use cloud_conformance::simulated::{Seat, Subject};
use cloud_hetzner::Config;
use cloud_types::{CloudProvider, HostSpec, Image, Machine, MachineTypeName, Name, Region};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Simulated;

impl Subject for Simulated {
    type Face = cloud_sim::hetzner::Hetzner;
    type Config = Config;

    fn config(&self, seat: &Seat) -> Config {
        Config::new(seat.token.as_str())
            .endpoint(format!("{}/v1", seat.url))
            .clock(seat.clock.clone())
            .deadline(seat.deadline)
            .owner(seat.owner.clone())
    }

    fn build(&self, config: Config) -> Arc<dyn CloudProvider> {
        Arc::new(config.build().expect("a provider"))
    }

    // Without an SSH key, so that Hetzner makes a root password and sends it in the answer.
    fn spec(&self, name: &Name) -> HostSpec {
        let region = Region::new("fsn1").expect("a region");
        HostSpec::new(name.clone(), region, Machine::named("cx22").expect("a machine type"), Image::ubuntu("24.04"))
    }

    fn larger_machine(&self) -> MachineTypeName {
        MachineTypeName::new("cx32").expect("a machine type")
    }

    fn request(&self, on: Operation) -> Option<(&'static str, &'static str)> {
        Some(match on {
            Operation::CreateHost => ("POST", "/servers"),
            Operation::GetHost => ("GET", "/servers/{id}"),
            Operation::ListHosts => ("GET", "/servers"),
            Operation::DeleteHost => ("DELETE", "/servers/{id}"),
            Operation::StartHost => ("POST", "/servers/{id}/actions/poweron"),
            Operation::StopHost => ("POST", "/servers/{id}/actions/poweroff"),
            Operation::ResizeHost => ("POST", "/servers/{id}/actions/change_type"),
            Operation::CreateSnapshot => ("POST", "/servers/{id}/actions/create_image"),
            Operation::CreateVolume => ("POST", "/volumes"),
            Operation::CreateSshKey => ("POST", "/ssh_keys"),
            _ => return None,
        })
    }
}
