//! The provider on a simulator of its API.

use std::sync::Arc;
use std::time::Duration;

use cloud_conformance::Operation;
use cloud_conformance::simulated::{Seat, Subject};
use cloud_gcp::Config;
use cloud_sim::Hostile;
use cloud_types::{CloudProvider, HostSpec, Image, Machine, MachineTypeName, Name, Region, Zone};

/// With ephemeral addresses, or with reserved ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Simulated {
    settings: fn(Config) -> Config,
}

impl Simulated {
    pub(crate) const EPHEMERAL: Self = Self { settings: std::convert::identity };
    #[allow(dead_code, reason = "the program `secrets` has no use for it")]
    pub(crate) const RESERVED: Self = Self { settings: Config::reserved_addresses };
}

impl Subject for Simulated {
    type Face = cloud_sim::gcp::Gcp;
    type Config = Config;

    /// Lists that never end are in `wire`.
    const HOSTILE: &'static [Hostile] =
        &[Hostile::HugeBody, Hostile::DeepNesting, Hostile::WrongTypes, Hostile::InvalidUtf8];

    fn config(&self, seat: &Seat) -> Config {
        let config = Config::new()
            .access_token(seat.token.as_str())
            .project("my-project")
            .endpoint(format!("{}/compute/v1/", seat.url))
            .billing_endpoint(seat.url.clone())
            .clock(seat.clock.clone())
            .deadline(seat.deadline)
            .owner(seat.owner.clone());
        (self.settings)(config)
    }

    fn build(&self, config: Config) -> Arc<dyn CloudProvider> {
        Arc::new(config.build().expect("a provider"))
    }

    // In one zone, so that a full one is told and not passed by; that zones are chosen is tested in `zones`.
    fn spec(&self, name: &Name) -> HostSpec {
        let (region, zone) = (Region::new("europe-west1").expect("a region"), Zone::new("europe-west1-b"));
        let machine = Machine::named("e2-small").expect("a machine type");
        HostSpec::new(name.clone(), region, machine, Image::ubuntu("24.04")).zone(zone.expect("a zone"))
    }

    fn larger_machine(&self) -> MachineTypeName {
        MachineTypeName::new("e2-medium").expect("a machine type")
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(900)
    }

    fn request(&self, on: Operation) -> Option<(&'static str, &'static str)> {
        Some(match on {
            Operation::CreateHost => ("POST", "/projects/{project}/zones/{zone}/instances"),
            Operation::GetHost => ("GET", INSTANCE),
            Operation::ListHosts => ("GET", "/projects/{project}/aggregated/instances"),
            Operation::DeleteHost => ("DELETE", INSTANCE),
            Operation::StartHost => ("POST", "/projects/{project}/zones/{zone}/instances/{instance}/start"),
            Operation::StopHost => ("POST", "/projects/{project}/zones/{zone}/instances/{instance}/stop"),
            Operation::ResizeHost => ("POST", "/projects/{project}/zones/{zone}/instances/{instance}/setMachineType"),
            Operation::CreateSnapshot => ("POST", "/projects/{project}/global/snapshots"),
            Operation::CreateVolume => ("POST", "/projects/{project}/zones/{zone}/disks"),
            _ => return None,
        })
    }
}

const INSTANCE: &str = "/projects/{project}/zones/{zone}/instances/{instance}";
