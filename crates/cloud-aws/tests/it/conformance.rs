//! Every behaviour of the conformance suite, against the simulator.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud_conformance::{Backend, Injected, Operation, Trouble, conformance_tests};
use cloud_sim::aws::Sim;
use cloud_sim::{Fault, FaultRule, When};
use cloud_types::{
    CloudProvider, HostRuntime, HostSpec, Image, Machine, MachineTypeName, Name, Region, UserData, Zone,
};

use crate::simulated;

conformance_tests!(simulated_cloud);

async fn simulated_cloud() -> Simulated {
    let sim = simulated::sim().await;
    let provider = Arc::new(simulated::provider(&sim, "mine"));
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
        Arc::new(simulated::provider(&self.sim, "mine"))
    }

    async fn other_owner(&self) -> Arc<dyn CloudProvider> {
        Arc::new(simulated::provider(&self.sim, "yours"))
    }

    fn spec(&self, name: &Name) -> HostSpec {
        let (region, zone) = (Region::new("eu-west-1").expect("a region"), Zone::new("eu-west-1a"));
        let machine = Machine::named("t3.small").expect("a machine type");
        // In one zone, so that a full one is told and not passed by; that zones are chosen is tested in `chaos`.
        HostSpec::new(name.clone(), region, machine, Image::ubuntu("24.04")).zone(zone.expect("a zone"))
    }

    fn larger_machine(&self) -> MachineTypeName {
        MachineTypeName::new("t3.medium").expect("a machine type")
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
        let Some(action) = action(fault.on) else { return Injected::Impossible };
        let rule = FaultRule {
            fault: what,
            method: None,
            path: action.map(str::to_owned),
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
        held.user_data.as_ref().map(|data| UserData::new(as_read(data.expose())))
    }

    async fn left_behind(&self) -> Option<BTreeMap<String, usize>> {
        let counts = self.sim.world().counts();
        Some(counts.into_iter().map(|(kind, count)| (format!("{kind:?}"), count)).collect())
    }
}

/// As cloud-init reads it: a part in base64 is what it stands for.
fn as_read(held: &str) -> String {
    let Some((_, rest)) = held.split_once("Content-Transfer-Encoding: base64\n\n") else { return held.to_owned() };
    let part = STANDARD.decode(rest.lines().next().unwrap_or_default()).expect("base64");
    String::from_utf8(part).expect("text")
}

/// The action that stands for an operation in EC2's API.
fn action(on: Operation) -> Option<Option<&'static str>> {
    Some(Some(match on {
        Operation::Any => return Some(None),
        Operation::CreateHost => "RunInstances",
        Operation::GetHost | Operation::ListHosts => "DescribeInstances",
        Operation::DeleteHost => "TerminateInstances",
        Operation::StartHost => "StartInstances",
        Operation::StopHost => "StopInstances",
        Operation::ResizeHost => "ModifyInstanceAttribute",
        Operation::CreateSnapshot => "CreateImage",
        Operation::CreateVolume => "CreateVolume",
        Operation::CreateSshKey => "ImportKeyPair",
        _ => return None,
    }))
}
