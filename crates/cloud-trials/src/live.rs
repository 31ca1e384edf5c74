//! The conformance suite on the real cloud: under an owner of its own, under a budget, and swept whatever happens.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud_conformance::{BEHAVIOURS, Backend, Report, Suite};
use cloud_hetzner::Config;
use cloud_types::{
    CloudProvider, CloudProviderExt, HostSpec, Image, ListHosts, Machine, MachineTypeName, Money, Name, Owner, Region,
};
use futures::TryStreamExt;
use jiff::{SignedDuration, Timestamp};

/// Errors of a run, in words for people.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// One live run: its own owner, and one beside it.
#[derive(Debug, Clone)]
pub struct Live {
    config: Config,
    owner: Owner,
    other: Owner,
    only: Vec<String>,
}

impl Live {
    /// A run of these behaviours, or of all that the money allows where none is named, under a fresh owner. No call is made yet.
    ///
    /// # Errors
    /// Where the settings are refused, or a behaviour is not known.
    pub fn new(config: Config, only: Vec<String>) -> Result<Self> {
        if let Some(name) = only.iter().find(|name| BEHAVIOURS.iter().all(|known| known.name != name.as_str())) {
            return Err(format!("no behaviour is called {name}").into());
        }
        let run = format!("{PREFIX}{:08x}", fastrand::u32(..));
        Ok(Self { config, owner: Owner::new(run.clone())?, other: Owner::new(format!("{run}-b"))?, only })
    }

    /// Who owns what this run makes.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The same run with as many of its behaviours, from the first on, as so much money pays for, and what they can cost
    /// at most: every behaviour pays a started hour of its hosts.
    ///
    /// # Errors
    /// Where the prices cannot be read, the amount is none, or it does not pay for one behaviour.
    pub async fn within(mut self, most: &str) -> Result<(Self, Money)> {
        let provider = self.open(&self.owner)?;
        let catalog = provider.catalog().ok_or("this provider tells no prices")?;
        let host = catalog.estimate(&spec(&Name::new("estimate")?)?).await?.hourly_running();
        let (most, one) = (Money::parse(most, host.currency)?, host.times(HOSTS_A_BEHAVIOUR));
        if self.only.is_empty() {
            self.only = BEHAVIOURS.iter().map(|behaviour| behaviour.name.to_owned()).collect();
        }
        while !self.only.is_empty() && one.times(u32::try_from(self.only.len())?).amount > most.amount {
            self.only.pop();
        }
        if self.only.is_empty() {
            return Err(format!("one behaviour may cost {one}, which is more than {most}: raise --max-cost").into());
        }
        let cost = one.times(u32::try_from(self.only.len())?);
        Ok((self, cost))
    }

    /// How many behaviours it runs.
    #[must_use]
    pub fn behaviours(&self) -> usize {
        self.only.len()
    }

    /// Runs the suite, telling each verdict.
    ///
    /// # Errors
    /// Where the provider cannot be opened.
    pub async fn run(&self) -> Result<Report> {
        self.open(&self.owner)?;
        let suite = Suite::whole().only(self.only.clone()).on_verdict(|verdict| eprintln!("{verdict}"));
        Ok(suite.run(|| async { self.clone() }).await)
    }

    /// Deletes all that this run has made.
    ///
    /// # Errors
    /// Names what could not be deleted.
    pub async fn clean_up(&self) -> Result<usize> {
        let own = sweep(&self.config, &self.owner, Timestamp::MAX).await?;
        Ok(own + sweep(&self.config, &self.other, Timestamp::MAX).await?)
    }

    fn open(&self, owner: &Owner) -> cloud_types::Result<Arc<dyn CloudProvider>> {
        Ok(Arc::new(self.config.clone().owner(owner.clone()).build()?))
    }

    fn opened(&self, owner: &Owner) -> Arc<dyn CloudProvider> {
        self.open(owner).expect("it was opened before")
    }
}

#[async_trait]
impl Backend for Live {
    fn provider(&self) -> Arc<dyn CloudProvider> {
        self.opened(&self.owner)
    }

    async fn other_process(&self) -> Arc<dyn CloudProvider> {
        self.opened(&self.owner)
    }

    async fn other_owner(&self) -> Arc<dyn CloudProvider> {
        self.opened(&self.other)
    }

    fn spec(&self, name: &Name) -> HostSpec {
        spec(name).expect("the words of the spec are valid")
    }

    fn larger_machine(&self) -> MachineTypeName {
        MachineTypeName::new(LARGER).expect("the word is valid")
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(600)
    }
}

/// Deletes what crashed runs left that are older than so long; tells how many things were deleted.
///
/// # Errors
/// Where the account cannot be listed; names what could not be deleted.
pub async fn sweep_crashed(config: &Config, older_than: Duration) -> Result<usize> {
    let provider = config.clone().build()?;
    let mut owners: BTreeSet<Owner> = BTreeSet::new();
    let hosts: Vec<_> = provider.hosts(ListHosts::everyone()).try_collect().await?;
    owners.extend(hosts.into_iter().filter_map(|host| host.owner));
    if let Some(volumes) = provider.volumes() {
        owners.extend(volumes.list_volumes().await?.into_iter().filter_map(|volume| volume.owner));
    }
    if let Some(snapshots) = provider.snapshots() {
        owners.extend(snapshots.list_snapshots().await?.into_iter().filter_map(|snapshot| snapshot.owner));
    }
    let before = Timestamp::now() - SignedDuration::try_from(older_than)?;
    let mut deleted = 0;
    for owner in owners.iter().filter(|owner| owner.as_str().starts_with(PREFIX)) {
        eprintln!("sweeping {owner}");
        deleted += sweep(config, owner, before).await?;
    }
    Ok(deleted)
}

async fn sweep(config: &Config, owner: &Owner, before: Timestamp) -> Result<usize> {
    let provider = config.clone().owner(owner.clone()).build()?;
    let report = provider.sweep_before(before).await?;
    let mut deleted = report.deleted.len();
    // A live run keeps no data disk.
    let sweep = provider.sweep().ok_or("this provider cannot be swept")?;
    for kept in report.spared.iter().filter(|resource| resource.kept) {
        sweep.delete_resource(kept).await?;
        deleted += 1;
    }
    match report.failed.first() {
        None => Ok(deleted),
        Some((resource, error)) => Err(format!("{} {} stays: {error}", resource.kind, resource.name).into()),
    }
}

fn spec(name: &Name) -> cloud_types::Result<HostSpec> {
    Ok(HostSpec::new(name.clone(), Region::new("fsn1")?, Machine::named("cx22")?, Image::debian("12")))
}

/// How the owners of live runs begin.
const PREFIX: &str = "live-";
const LARGER: &str = "cx32";
/// On the average; some make none, few make more.
const HOSTS_A_BEHAVIOUR: u32 = 2;
