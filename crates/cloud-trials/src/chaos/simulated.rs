//! A field on a simulator, in this process: what a provider has to say is the trait [`Cloud`].

use std::fmt::Debug;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use cloud_sim::{Face, RateLimit, Sim, SimConfig, Stats};
use cloud_types::clock::ScaledClock;
use cloud_types::{Clock, CloudProvider, Owner, Result, ownership};
use cloud_world::{Host, Image, ImageKind, Labels, World};

use super::{Census, Field, Menu, SPEED};

/// A simulator with a face of which [`Cloud`] is known.
#[derive(Debug)]
pub struct SimulatedField<C: Cloud> {
    sim: Sim<C>,
    clock: Arc<ScaledClock>,
    menu: Menu,
}

/// What chaos needs to know of a provider that is simulated.
pub trait Cloud: Face + Debug {
    /// The provider at this address, for this owner; what is ordered says which regions matter.
    ///
    /// # Errors
    /// Where it refuses its settings.
    fn process(url: &str, owner: &Owner, clock: Arc<ScaledClock>, menu: &Menu) -> Result<Arc<dyn CloudProvider>>;

    /// What is ordered.
    ///
    /// # Errors
    /// Where a name in it is none.
    fn menu() -> Result<Menu>;

    /// How the provider names a host.
    fn host_id(host: &Host) -> String;

    /// Whether what looks like a snapshot is only a part of one.
    fn is_part(_image: &Image) -> bool {
        false
    }
}

impl<C: Cloud> SimulatedField<C> {
    /// Starts a simulator whose requests meet faults with this probability. The budget of calls is a trial of its own.
    ///
    /// # Errors
    /// Where no port can be listened at.
    pub async fn start(faults: f64, seed: u64) -> io::Result<Self> {
        let menu = C::menu().map_err(io::Error::other)?;
        let rate_limit = RateLimit { limit: 1_000_000_000, per_second: 1e6, initial: None };
        let sim = Sim::start(SimConfig { speed: SPEED, seed, faults, rate_limit, ..SimConfig::default() }).await?;
        Ok(Self { sim, clock: Arc::new(ScaledClock::new(SPEED)), menu })
    }
}

impl<C: Cloud> SimulatedField<C> {
    /// The same, as any field.
    pub(crate) async fn open(faults: f64, seed: u64) -> io::Result<Arc<dyn Field>> {
        Ok(Arc::new(Self::start(faults, seed).await?))
    }
}

impl<C: Cloud> Field for SimulatedField<C> {
    fn provider(&self) -> &'static str {
        C::NAME
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    fn process(&self, owner: &Owner) -> Result<Arc<dyn CloudProvider>> {
        C::process(&self.sim.url(), owner, self.clock.clone(), &self.menu)
    }

    fn menu(&self) -> Menu {
        self.menu.clone()
    }

    fn census(&self) -> Census {
        let stats = self.sim.stats();
        census::<C>(&self.sim.world(), &stats)
    }
}

fn census<C: Cloud>(world: &World, stats: &Stats) -> Census {
    let label = |labels: &Labels, key: &str| labels.get(key).cloned().unwrap_or_default();
    let snapshots = world.images.iter().filter(|image| image.kind == ImageKind::Snapshot && !C::is_part(image));
    Census {
        hosts: world
            .hosts
            .iter()
            .map(|host| (label(&host.labels, ownership::OWNER), host.name.clone(), C::host_id(host)))
            .collect(),
        snapshots: snapshots.map(|image| label(&image.labels, ownership::NAME)).collect(),
        counts: world.counts().into_iter().map(|(kind, count)| (kind.words().to_owned(), count)).collect(),
        calls: stats.total_calls(),
        faults: stats.total_faults(),
    }
}

/// Simulated time: on a busy machine an answer takes a simulated second, and it is lost often.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);
