//! What a provider's tests say of the provider.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use cloud_sim::{Face, Hostile, Sim, SimConfig};
use cloud_types::{Clock, CloudProvider, HostRuntime, HostSpec, MachineTypeName, Name, Owner, ScaledClock, UserData};

use crate::Operation;

/// A provider under test: how it is reached at a simulator, and what is typical of it.
pub trait Subject: Clone + Debug + Send + Sync + 'static {
    /// The face that simulates its API.
    type Face: Face;

    /// Its settings.
    type Config: Clone + Debug + Send + Sync;

    /// Hostile answers that can be met by any call of it.
    const HOSTILE: &'static [Hostile] = &[
        Hostile::HugeBody,
        Hostile::DeepNesting,
        Hostile::WrongTypes,
        Hostile::EndlessPages,
        Hostile::RepeatedPage,
        Hostile::InvalidUtf8,
    ];

    /// Its settings at a simulator.
    fn config(&self, seat: &Seat) -> Self::Config;

    /// A provider of these settings.
    fn build(&self, config: Self::Config) -> Arc<dyn CloudProvider>;

    /// The cheapest host, with a machine that is named.
    fn spec(&self, name: &Name) -> HostSpec;

    /// Another machine type that the host of [`spec`](Self::spec) can be resized to.
    fn larger_machine(&self) -> MachineTypeName;

    /// The method and path template of the request that stands for an operation; `None` where there is none.
    fn request(&self, on: Operation) -> Option<(&'static str, &'static str)>;

    /// The simulator's settings beyond those of the test, such as its lag.
    fn simulator(&self, config: SimConfig) -> SimConfig {
        config
    }

    /// How long one wait may take.
    fn patience(&self) -> Duration {
        Duration::from_secs(600)
    }

    /// The first boot's data that the simulator holds for a host, taken out of any encoding.
    fn user_data(&self, sim: &Sim<Self::Face>, host: &HostRuntime) -> Option<UserData> {
        let world = sim.world();
        let held = world.hosts.iter().find(|held| held.name == host.name)?;
        held.user_data.as_ref().map(|data| UserData::new(data.expose()))
    }
}

/// Where a provider under test sits: the simulator's address, and who it is.
#[derive(Debug, Clone)]
pub struct Seat {
    /// The simulator's address, without a path.
    pub url: String,
    /// The token, or whatever tells callers apart.
    pub token: String,
    /// Whose hosts.
    pub owner: Owner,
    /// The clock, which runs as fast as the simulator's.
    pub clock: Arc<dyn Clock>,
    /// How long one call may take.
    pub deadline: Duration,
}

impl Seat {
    /// A seat at a simulator that runs at this speed.
    pub(super) fn at<F: Face>(sim: &Sim<F>, speed: f64, owner: &str) -> Self {
        Self {
            url: sim.url(),
            token: "any-token".to_owned(),
            owner: Owner::new(owner).expect("a good owner"),
            clock: Arc::new(ScaledClock::new(speed)),
            // Three seconds of the wall clock: a loaded machine is not a slow provider.
            deadline: Duration::from_secs_f64(3.0 * speed),
        }
    }
}

/// How much faster than the wall clock everything runs here.
pub(super) const SPEED: f64 = 100.0;
