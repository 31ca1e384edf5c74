//! The in-memory provider as a backend of the suite.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud_conformance::{Backend, Fault, Injected, Operation, Trouble};
use cloud_local::{Config, Fault as Rule, FaultKind, Local, Operation as Request};
use cloud_types::{
    CloudProvider, HostRuntime, HostSpec, Image, Machine, MachineTypeName, Name, Owner, Region, ScaledClock, UserData,
};

/// An in-memory account of its own.
pub(crate) struct InMemory {
    pub(crate) local: Local,
}

impl InMemory {
    /// An account with these settings, of an owner of its own, on a clock that tests pause.
    pub(crate) fn new(config: Config) -> Self {
        let owner = Owner::new("conformance").expect("a well-formed name");
        let config = config.clock(Arc::new(ScaledClock::new(1.0))).owner(owner).seed(fastrand::u64(..));
        Self { local: config.build().expect("valid settings") }
    }

    fn kind(&self, what: Trouble) -> Option<FaultKind> {
        Some(match what {
            Trouble::AnswerLost => FaultKind::AnswerLost,
            Trouble::NoAnswer => FaultKind::NoAnswer,
            Trouble::ResetBefore => FaultKind::ResetBefore,
            Trouble::RateLimited => FaultKind::RateLimited,
            Trouble::Unavailable => FaultKind::UnavailableBefore,
            Trouble::UnavailableAfter => FaultKind::UnavailableAfter,
            Trouble::Slow => FaultKind::Slow(self.patience() / 4),
            Trouble::Lag => FaultKind::Lag(self.local.capabilities().read_lag),
            Trouble::NoCapacity => FaultKind::NoCapacity,
            Trouble::QuotaFull => FaultKind::QuotaFull,
            _ => return None,
        })
    }
}

#[async_trait]
impl Backend for InMemory {
    fn provider(&self) -> Arc<dyn CloudProvider> {
        Arc::new(self.local.clone())
    }

    async fn other_process(&self) -> Arc<dyn CloudProvider> {
        Arc::new(self.local.another_process())
    }

    async fn other_owner(&self) -> Arc<dyn CloudProvider> {
        Arc::new(self.local.with_owner(Owner::new("someone-else").expect("a well-formed name")))
    }

    fn spec(&self, name: &Name) -> HostSpec {
        let region = Region::new("local-a").expect("a well-formed name");
        let machine = Machine::named("small").expect("a well-formed name");
        HostSpec::new(name.clone(), region, machine, Image::debian("12"))
    }

    fn larger_machine(&self) -> MachineTypeName {
        MachineTypeName::new("medium").expect("a well-formed name")
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(120)
    }

    async fn inject(&self, fault: Fault) -> Injected {
        let Some(kind) = self.kind(fault.what) else { return Injected::Impossible };
        let rule = match (fault.on, operation(fault.on)) {
            (Operation::Any, _) => Rule::on_any(kind),
            (_, Some(operation)) => Rule::new(kind, operation),
            (_, None) => return Injected::Impossible,
        };
        self.local.inject(rule.times(fault.times));
        Injected::Done
    }

    async fn heal(&self) {
        self.local.clear_faults();
    }

    async fn user_data(&self, host: &HostRuntime) -> Option<UserData> {
        self.local.user_data(&host.id)
    }

    async fn left_behind(&self) -> Option<BTreeMap<String, usize>> {
        Some(self.local.inspect().counts.into_iter().map(|(kind, count)| (kind.to_string(), count)).collect())
    }
}

fn operation(on: Operation) -> Option<Request> {
    Some(match on {
        Operation::CreateHost => Request::CreateHost,
        Operation::GetHost => Request::GetHost,
        Operation::ListHosts => Request::ListHosts,
        Operation::DeleteHost => Request::DeleteHost,
        Operation::StartHost => Request::StartHost,
        Operation::StopHost => Request::StopHost,
        Operation::ResizeHost => Request::ResizeHost,
        Operation::CreateSnapshot => Request::CreateSnapshot,
        Operation::CreateVolume => Request::CreateVolume,
        Operation::CreateSshKey => Request::CreateSshKey,
        _ => return None,
    })
}
