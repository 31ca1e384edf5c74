//! The in-memory provider keeps the contract: as it is, and where every change is seen late.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud_conformance::{Backend, Fault, Injected, Operation, Trouble};
use cloud_local::{Config, FaultKind, Local};
use cloud_types::{
    CloudProvider, HostRuntime, HostSpec, Image, Machine, MachineTypeName, Name, Owner, Region, ScaledClock, UserData,
};

mod plain {
    cloud_conformance::conformance_tests!(paused super::plain);
}

mod lagging {
    cloud_conformance::conformance_tests!(paused super::lagging);
}

async fn plain() -> Account {
    open(config())
}

async fn lagging() -> Account {
    open(config().lag(Duration::from_secs(2)))
}

/// Changes take their seconds of paused time.
pub(crate) fn config() -> Config {
    Config::default().clock(Arc::new(ScaledClock::new(1.0)))
}

pub(crate) fn open(config: Config) -> Account {
    Account(config.build().expect("valid settings"))
}

pub(crate) struct Account(Local);

#[async_trait]
impl Backend for Account {
    fn provider(&self) -> Arc<dyn CloudProvider> {
        Arc::new(self.0.clone())
    }

    async fn other_process(&self) -> Arc<dyn CloudProvider> {
        Arc::new(self.0.another_process())
    }

    async fn other_owner(&self) -> Arc<dyn CloudProvider> {
        Arc::new(self.0.with_owner(Owner::new("somebody-else").expect("a valid owner")))
    }

    fn spec(&self, name: &Name) -> HostSpec {
        let region = Region::new("local-a").expect("a valid region");
        let machine = Machine::named("small").expect("a valid machine type");
        HostSpec::new(name.clone(), region, machine, Image::debian("12"))
    }

    fn larger_machine(&self) -> MachineTypeName {
        MachineTypeName::new("medium").expect("a valid machine type")
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn inject(&self, fault: Fault) -> Injected {
        let kind = match fault.what {
            Trouble::AnswerLost => FaultKind::AnswerLost,
            Trouble::NoAnswer => FaultKind::NoAnswer,
            Trouble::ResetBefore => FaultKind::ResetBefore,
            Trouble::RateLimited => FaultKind::RateLimited,
            Trouble::Unavailable => FaultKind::UnavailableBefore,
            Trouble::UnavailableAfter => FaultKind::UnavailableAfter,
            Trouble::Slow => FaultKind::Slow(Duration::from_secs(20)),
            Trouble::Lag => FaultKind::Lag(self.0.capabilities().read_lag),
            Trouble::NoCapacity => FaultKind::NoCapacity,
            Trouble::QuotaFull => FaultKind::QuotaFull,
            _ => return Injected::Impossible,
        };
        use cloud_local::{Fault as Ours, Operation as On};
        let rule = match fault.on {
            Operation::Any => Ours::on_any(kind),
            Operation::CreateHost => Ours::new(kind, On::CreateHost),
            Operation::GetHost => Ours::new(kind, On::GetHost),
            Operation::ListHosts => Ours::new(kind, On::ListHosts),
            Operation::DeleteHost => Ours::new(kind, On::DeleteHost),
            Operation::StartHost => Ours::new(kind, On::StartHost),
            Operation::StopHost => Ours::new(kind, On::StopHost),
            Operation::ResizeHost => Ours::new(kind, On::ResizeHost),
            Operation::CreateSnapshot => Ours::new(kind, On::CreateSnapshot),
            Operation::CreateVolume => Ours::new(kind, On::CreateVolume),
            Operation::CreateSshKey => Ours::new(kind, On::CreateSshKey),
            _ => return Injected::Impossible,
        };
        self.0.inject(rule.times(fault.times));
        Injected::Done
    }

    async fn heal(&self) {
        self.0.clear_faults();
    }

    async fn user_data(&self, host: &HostRuntime) -> Option<UserData> {
        self.0.user_data(&host.id)
    }

    async fn left_behind(&self) -> Option<BTreeMap<String, usize>> {
        let counts = self.0.inspect().counts;
        Some(counts.into_iter().map(|(kind, count)| (kind.to_string(), count)).collect())
    }

    async fn host_names(&self) -> Option<Vec<String>> {
        Some(self.0.inspect().hosts.into_iter().map(|host| host.name).collect())
    }

    fn faults_met(&self) -> u64 {
        self.0.inspect().faults
    }
}
