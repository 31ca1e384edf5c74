//! Every behaviour of the conformance suite, against the simulator: with ephemeral addresses, and with reserved ones.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud_conformance::{Backend, Injected, Operation, Trouble};
use cloud_gcp::Config;
use cloud_sim::gcp::Sim;
use cloud_sim::{Fault, FaultRule, When};
use cloud_types::{
    CloudProvider, HostRuntime, HostSpec, Image, Machine, MachineTypeName, Name, Owner, Region, UserData, Zone,
};

use crate::simulated;

mod ephemeral {
    cloud_conformance::conformance_tests!(super::ephemeral);
}

mod reserved {
    cloud_conformance::conformance_tests!(super::reserved);
}

async fn ephemeral() -> Simulated {
    Simulated::start(std::convert::identity).await
}

async fn reserved() -> Simulated {
    Simulated::start(Config::reserved_addresses).await
}

struct Simulated {
    sim: Sim,
    settings: fn(Config) -> Config,
    provider: Arc<dyn CloudProvider>,
}

impl Simulated {
    async fn start(settings: fn(Config) -> Config) -> Self {
        let sim = simulated::sim().await;
        let provider = process(&sim, settings, "mine");
        Self { sim, settings, provider }
    }
}

fn process(sim: &Sim, settings: fn(Config) -> Config, owner: &str) -> Arc<dyn CloudProvider> {
    let owner = Owner::new(owner).expect("a good owner");
    Arc::new(settings(simulated::config(sim)).owner(owner).build().expect("a provider"))
}

#[async_trait]
impl Backend for Simulated {
    fn provider(&self) -> Arc<dyn CloudProvider> {
        self.provider.clone()
    }

    async fn other_process(&self) -> Arc<dyn CloudProvider> {
        process(&self.sim, self.settings, "mine")
    }

    async fn other_owner(&self) -> Arc<dyn CloudProvider> {
        process(&self.sim, self.settings, "yours")
    }

    fn spec(&self, name: &Name) -> HostSpec {
        let (region, zone) = (Region::new("europe-west1").expect("a region"), Zone::new("europe-west1-b"));
        let machine = Machine::named("e2-small").expect("a machine type");
        // In one zone, so that a full one is told and not passed by; that zones are chosen is tested in `zones`.
        HostSpec::new(name.clone(), region, machine, Image::ubuntu("24.04")).zone(zone.expect("a zone"))
    }

    fn larger_machine(&self) -> MachineTypeName {
        MachineTypeName::new("e2-medium").expect("a machine type")
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(900)
    }

    async fn inject(&self, fault: cloud_conformance::Fault) -> Injected {
        let what = match fault.what {
            Trouble::AnswerLost => Fault::AnswerLost,
            Trouble::ResetBefore => Fault::Reset,
            Trouble::RateLimited => Fault::Status(429, When::Before),
            Trouble::Unavailable => Fault::Status(503, When::Before),
            Trouble::UnavailableAfter => Fault::Status(502, When::After),
            Trouble::Slow => Fault::Slow(20.0),
            Trouble::Lag => Fault::Lag(2.0),
            Trouble::NoCapacity => Fault::NoCapacity(60.0),
            Trouble::QuotaFull => Fault::QuotaFull(60.0),
            _ => return Injected::Impossible,
        };
        let Some((method, path)) = request(fault.on) else { return Injected::Impossible };
        let rule = FaultRule {
            fault: what,
            method: method.map(str::to_owned),
            path: path.map(|path| format!("/projects/{{project}}{path}")),
            skip: 0,
            count: Some(fault.times),
            chance: 1.0,
        };
        self.sim.inject(rule);
        Injected::Done
    }

    async fn user_data(&self, host: &HostRuntime) -> Option<UserData> {
        let world = self.sim.world();
        let held = world.hosts.iter().find(|held| held.name == host.name)?;
        held.user_data.as_ref().map(|data| UserData::new(data.expose()))
    }

    async fn left_behind(&self) -> Option<BTreeMap<String, usize>> {
        let counts = self.sim.world().counts();
        Some(counts.into_iter().map(|(kind, count)| (format!("{kind:?}"), count)).collect())
    }
}

/// The request that stands for an operation in Google's API.
fn request(on: Operation) -> Option<(Option<&'static str>, Option<&'static str>)> {
    Some(match on {
        Operation::Any => (None, None),
        Operation::CreateHost => (Some("POST"), Some("/zones/{zone}/instances")),
        Operation::GetHost => (Some("GET"), Some("/zones/{zone}/instances/{instance}")),
        Operation::ListHosts => (Some("GET"), Some("/aggregated/instances")),
        Operation::DeleteHost => (Some("DELETE"), Some("/zones/{zone}/instances/{instance}")),
        Operation::StartHost => (Some("POST"), Some("/zones/{zone}/instances/{instance}/start")),
        Operation::StopHost => (Some("POST"), Some("/zones/{zone}/instances/{instance}/stop")),
        Operation::ResizeHost => (Some("POST"), Some("/zones/{zone}/instances/{instance}/setMachineType")),
        Operation::CreateSnapshot => (Some("POST"), Some("/global/snapshots")),
        Operation::CreateVolume => (Some("POST"), Some("/zones/{zone}/disks")),
        _ => return None,
    })
}
