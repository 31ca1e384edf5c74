//! Backends of the suite on which a broken promise shows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud_conformance::{Backend, Fault, Injected, Operation, Trouble};
use cloud_hetzner::Hetzner;
use cloud_local::{Config, FaultKind, Local};
use cloud_sim::hetzner::Sim;
use cloud_sim::{FaultRule, RateLimit, SimConfig, When};
use cloud_types::{CloudProvider, HostSpec, Image, Machine, MachineTypeName, Name, Owner, Region, ScaledClock};
use cloud_world::{Lag, Timings};

/// Where behaviours are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// In memory: a name is unique nowhere.
    Memory,
    /// In memory, where every change is seen late.
    LateMemory,
    /// A simulator: a name is unique in the account, and what a host needs is made besides it.
    Simulator,
    /// A simulator that shows a new host late.
    LateSimulator,
    /// A simulator where a host that is deleted is going for seconds, and holds what it uses.
    SlowSimulator,
}

/// An account on a stage.
pub(crate) enum Account {
    Memory(Local),
    Simulator(Simulator),
}

/// A simulator, and what makes providers on it.
pub(crate) struct Simulator {
    pub(crate) sim: Sim,
    pub(crate) provider: Arc<Hetzner>,
    speed: f64,
}

impl Stage {
    pub(crate) async fn open(self) -> Account {
        let config = Config::default().clock(Arc::new(ScaledClock::new(IN_MEMORY)));
        match self {
            Self::Memory => Account::Memory(config.build().unwrap()),
            Self::LateMemory => Account::Memory(config.lag(Duration::from_secs(2)).build().unwrap()),
            Self::Simulator => Account::Simulator(Simulator::start(FAST, SimConfig::default()).await),
            Self::LateSimulator => {
                let lag = Lag { create: Duration::from_secs(4), delete: Duration::ZERO, chance: 1.0 };
                Account::Simulator(Simulator::start(SLOW, SimConfig { lag, ..SimConfig::default() }).await)
            }
            Self::SlowSimulator => {
                let timings = Timings { delete: Duration::from_secs(5), jitter: 0.0, ..Timings::usual() };
                let config = SimConfig { timings: Some(timings), ..SimConfig::default() };
                Account::Simulator(Simulator::start(SLOW, config).await)
            }
        }
    }
}

impl Simulator {
    pub(crate) async fn start(speed: f64, config: SimConfig) -> Self {
        let rate_limit = RateLimit { limit: 1_000_000, per_second: 1e6, initial: None };
        let sim = Sim::start(SimConfig { speed, rate_limit, ..config }).await.unwrap();
        let provider = Arc::new(provider(&sim, speed, "mine"));
        Self { sim, provider, speed }
    }

    pub(crate) fn spec(name: &Name) -> HostSpec {
        let region = Region::new("fsn1").unwrap();
        HostSpec::new(name.clone(), region, Machine::named("cx22").unwrap(), Image::ubuntu("24.04"))
    }
}

fn provider(sim: &Sim, speed: f64, owner: &str) -> Hetzner {
    let config = cloud_hetzner::Config::new("any-token").endpoint(format!("{}/v1", sim.url()));
    let config = config.clock(Arc::new(ScaledClock::new(speed))).deadline(Duration::from_secs(300));
    config.owner(Owner::new(owner).unwrap()).build().unwrap()
}

#[async_trait]
impl Backend for Account {
    fn provider(&self) -> Arc<dyn CloudProvider> {
        match self {
            Self::Memory(local) => Arc::new(local.clone()),
            Self::Simulator(simulator) => simulator.provider.clone(),
        }
    }

    async fn other_process(&self) -> Arc<dyn CloudProvider> {
        match self {
            Self::Memory(local) => Arc::new(local.another_process()),
            Self::Simulator(simulator) => Arc::new(provider(&simulator.sim, simulator.speed, "mine")),
        }
    }

    async fn other_owner(&self) -> Arc<dyn CloudProvider> {
        match self {
            Self::Memory(local) => Arc::new(local.with_owner(Owner::new("yours").unwrap())),
            Self::Simulator(simulator) => Arc::new(provider(&simulator.sim, simulator.speed, "yours")),
        }
    }

    fn spec(&self, name: &Name) -> HostSpec {
        match self {
            Self::Memory(_) => {
                let (region, machine) = (Region::new("local-a").unwrap(), Machine::named("small").unwrap());
                HostSpec::new(name.clone(), region, machine, Image::debian("12"))
            }
            Self::Simulator(_) => Simulator::spec(name),
        }
    }

    fn larger_machine(&self) -> MachineTypeName {
        MachineTypeName::new(if matches!(self, Self::Memory(_)) { "medium" } else { "cx32" }).unwrap()
    }

    fn patience(&self) -> Duration {
        // Some real seconds on each.
        Duration::from_secs(match self {
            Self::Simulator(simulator) if simulator.speed == FAST => 600,
            Self::Simulator(_) | Self::Memory(_) => 120,
        })
    }

    /// Only what a behaviour here needs: troubles with the create of a host.
    async fn inject(&self, fault: Fault) -> Injected {
        if fault.on != Operation::CreateHost {
            return Injected::Impossible;
        }
        match self {
            Self::Memory(local) => {
                let kind = match fault.what {
                    Trouble::NoCapacity => FaultKind::NoCapacity,
                    Trouble::AnswerLost => FaultKind::AnswerLost,
                    Trouble::Lag => FaultKind::Lag(local.capabilities().read_lag),
                    _ => return Injected::Impossible,
                };
                local.inject(cloud_local::Fault::new(kind, cloud_local::Operation::CreateHost).times(fault.times));
            }
            Self::Simulator(simulator) => {
                let what = match fault.what {
                    Trouble::NoCapacity => cloud_sim::Fault::NoCapacity(30.0),
                    Trouble::AnswerLost => cloud_sim::Fault::AnswerLost,
                    Trouble::UnavailableAfter => cloud_sim::Fault::Status(502, When::After),
                    _ => return Injected::Impossible,
                };
                let (method, path) = (Some("POST".to_owned()), Some("/servers".to_owned()));
                let count = Some(fault.times);
                simulator.sim.inject(FaultRule { fault: what, method, path, skip: 0, count, chance: 1.0 });
            }
        }
        Injected::Done
    }

    async fn left_behind(&self) -> Option<BTreeMap<String, usize>> {
        Some(match self {
            Self::Memory(local) => {
                local.inspect().counts.into_iter().map(|(kind, count)| (kind.to_string(), count)).collect()
            }
            Self::Simulator(simulator) => {
                let counts = simulator.sim.world().counts();
                counts.into_iter().map(|(kind, count)| (kind.words().to_owned(), count)).collect()
            }
        })
    }
}

/// How fast time runs in memory.
const IN_MEMORY: f64 = 50.0;
/// How fast time runs on a simulator.
pub(crate) const FAST: f64 = 100.0;
/// And where what passes within seconds has to be seen on a busy machine.
const SLOW: f64 = 10.0;
