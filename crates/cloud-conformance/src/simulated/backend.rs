//! The suite's backend over a simulator.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud_sim::{Fault, FaultRule, RateLimit, Sim, SimConfig, When};
use cloud_types::{CloudProvider, HostRuntime, HostSpec, MachineTypeName, Name, UserData};

use super::subject::{SPEED, Seat, Subject};
use crate::{Backend, Injected, Operation, Trouble};

/// A simulator and the provider under test on it.
#[derive(Debug)]
pub struct Simulated<S: Subject> {
    /// The simulator.
    pub sim: Sim<S::Face>,
    subject: S,
    speed: f64,
    provider: Arc<dyn CloudProvider>,
}

impl<S: Subject> Simulated<S> {
    /// A simulator without faults.
    ///
    /// # Panics
    /// Where no port is free.
    pub async fn start(subject: S) -> Self {
        Self::with(subject, SimConfig { speed: SPEED, ..SimConfig::default() }).await
    }

    /// A simulator where a fifth of the requests meet a fault, without a rate limit, for [`Chaos`](crate::chaos::Chaos).
    ///
    /// # Panics
    /// Where no port is free.
    pub async fn faulty(subject: S, seed: u64) -> Self {
        let rate_limit = RateLimit { limit: 1_000_000, per_second: 1_000_000.0, initial: None };
        Self::with(subject, SimConfig { speed: 3.0 * SPEED, faults: 0.2, seed, rate_limit, ..SimConfig::default() })
            .await
    }

    async fn with(subject: S, config: SimConfig) -> Self {
        let config = subject.simulator(config);
        let speed = config.speed;
        let sim = Sim::start(config).await.expect("the simulator starts");
        let provider = process(&subject, &sim, speed, "mine");
        Self { sim, subject, speed, provider }
    }

    /// The provider under test, built anew for an owner.
    #[must_use]
    pub fn process(&self, owner: &str) -> Arc<dyn CloudProvider> {
        process(&self.subject, &self.sim, self.speed, owner)
    }
}

fn process<S: Subject>(subject: &S, sim: &Sim<S::Face>, speed: f64, owner: &str) -> Arc<dyn CloudProvider> {
    subject.build(subject.config(&Seat::at(sim, speed, owner)))
}

#[async_trait]
impl<S: Subject> Backend for Simulated<S> {
    fn provider(&self) -> Arc<dyn CloudProvider> {
        self.provider.clone()
    }

    async fn other_process(&self) -> Arc<dyn CloudProvider> {
        self.process("mine")
    }

    async fn other_owner(&self) -> Arc<dyn CloudProvider> {
        self.process("yours")
    }

    fn spec(&self, name: &Name) -> HostSpec {
        self.subject.spec(name)
    }

    fn larger_machine(&self) -> MachineTypeName {
        self.subject.larger_machine()
    }

    fn patience(&self) -> Duration {
        self.subject.patience()
    }

    async fn inject(&self, fault: crate::Fault) -> Injected {
        let what = match fault.what {
            Trouble::AnswerLost => Fault::AnswerLost,
            Trouble::NoAnswer => Fault::NoAnswer,
            Trouble::ResetBefore => Fault::Reset,
            Trouble::RateLimited => Fault::Status(429, When::Before),
            Trouble::Unavailable => Fault::Status(503, When::Before),
            Trouble::UnavailableAfter => Fault::Status(502, When::After),
            Trouble::Slow => Fault::Slow(20.0),
            Trouble::Lag => Fault::Lag(2.0),
            Trouble::NoCapacity => Fault::NoCapacity(60.0),
            Trouble::QuotaFull => Fault::QuotaFull(60.0),
        };
        let on = match fault.on {
            Operation::Any => None,
            on => match self.subject.request(on) {
                Some(request) => Some(request),
                None => return Injected::Impossible,
            },
        };
        self.sim.inject(FaultRule {
            fault: what,
            method: on.map(|(method, _)| method.to_owned()),
            path: on.map(|(_, path)| path.to_owned()),
            skip: 0,
            count: Some(fault.times),
            chance: 1.0,
        });
        Injected::Done
    }

    async fn heal(&self) {
        self.sim.clear_faults();
    }

    async fn user_data(&self, host: &HostRuntime) -> Option<UserData> {
        self.subject.user_data(&self.sim, host)
    }

    async fn left_behind(&self) -> Option<BTreeMap<String, usize>> {
        let counts = self.sim.world().counts();
        Some(counts.into_iter().map(|(kind, count)| (format!("{kind:?}"), count)).collect())
    }

    async fn host_names(&self) -> Option<Vec<String>> {
        Some(self.sim.world().hosts.iter().map(|host| host.name.clone()).collect())
    }

    fn faults_met(&self) -> u64 {
        self.sim.stats().total_faults()
    }
}
