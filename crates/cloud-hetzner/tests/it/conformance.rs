//! Every behaviour of the conformance suite, against the simulator.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud_conformance::{Backend, Injected, Operation, Trouble, conformance_tests};
use cloud_sim::hetzner::Sim;
use cloud_sim::{Fault, FaultRule, When};
use cloud_types::{CloudProvider, HostRuntime, HostSpec, Image, Machine, MachineTypeName, Name, Region, UserData};

use crate::common;

conformance_tests!(simulated);

async fn simulated() -> Simulated {
    let sim = common::sim().await;
    let provider = Arc::new(common::provider(&sim, "mine"));
    Simulated { sim, provider }
}

struct Simulated {
    sim: Sim,
    provider: Arc<dyn CloudProvider>,
}

#[async_trait]
impl Backend for Simulated {
    fn provider(&self) -> Arc<dyn CloudProvider> {
        self.provider.clone()
    }

    async fn other_process(&self) -> Arc<dyn CloudProvider> {
        Arc::new(common::provider(&self.sim, "mine"))
    }

    async fn other_owner(&self) -> Arc<dyn CloudProvider> {
        Arc::new(common::provider(&self.sim, "yours"))
    }

    fn spec(&self, name: &Name) -> HostSpec {
        let region = Region::new("fsn1").expect("a region");
        HostSpec::new(name.clone(), region, Machine::named("cx22").expect("a machine type"), Image::ubuntu("24.04"))
    }

    fn larger_machine(&self) -> MachineTypeName {
        MachineTypeName::new("cx32").expect("a machine type")
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(600)
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
            Trouble::NoCapacity => Fault::NoCapacity(30.0),
            Trouble::QuotaFull => Fault::QuotaFull(30.0),
            _ => return Injected::Impossible,
        };
        let Some((method, path)) = request(fault.on) else { return Injected::Impossible };
        let rule = FaultRule {
            fault: what,
            method: method.map(str::to_owned),
            path: path.map(str::to_owned),
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

/// The request that stands for an operation in Hetzner's API.
fn request(on: Operation) -> Option<(Option<&'static str>, Option<&'static str>)> {
    Some(match on {
        Operation::Any => (None, None),
        Operation::CreateHost => (Some("POST"), Some("/servers")),
        Operation::GetHost => (Some("GET"), Some("/servers/{id}")),
        Operation::ListHosts => (Some("GET"), Some("/servers")),
        Operation::DeleteHost => (Some("DELETE"), Some("/servers/{id}")),
        Operation::StartHost => (Some("POST"), Some("/servers/{id}/actions/poweron")),
        Operation::StopHost => (Some("POST"), Some("/servers/{id}/actions/poweroff")),
        Operation::ResizeHost => (Some("POST"), Some("/servers/{id}/actions/change_type")),
        Operation::CreateSnapshot => (Some("POST"), Some("/servers/{id}/actions/create_image")),
        Operation::CreateVolume => (Some("POST"), Some("/volumes")),
        Operation::CreateSshKey => (Some("POST"), Some("/ssh_keys")),
        _ => return None,
    })
}
