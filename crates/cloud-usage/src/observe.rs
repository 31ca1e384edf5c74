//! What a provider says against what the log says: the differences are recorded as sightings.
//!
//! This finds what no event told of: a call that was made and not recorded because the program ended in between, hosts that
//! others changed, prices that the provider changed.

use std::collections::BTreeSet;

use cloud_types::{
    CloudProvider, CloudProviderExt, CostKind, DiskClassInfo, ErrorKind, Estimate, HostId, HostRuntime, ListHosts,
    ProviderId, Rate, Result, Snapshot, SnapshotId, Volume, VolumeId,
};
use futures::TryStreamExt;
use jiff::Timestamp;

use crate::{Change, Charge, Charges, Event, EventId, Meter, Sighting, Standing, Subject, SubjectKind, Tags};

/// What [`Meter::reconcile`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconciled {
    /// How many hosts, snapshots and volumes the provider has.
    pub seen: usize,
    /// Those of which the log knew less or something else; each has a new event, and a doubt in bills.
    pub news: Vec<Subject>,
}

/// What was seen of one subject at a time.
struct Sight {
    subject: Subject,
    state: Sighting,
    created_at: Option<Timestamp>,
    charges: Option<Charges>,
    tags: Option<Tags>,
}

impl Meter {
    /// Records what a host was seen to be at a time, where that is news. Answers whether it was.
    ///
    /// # Errors
    /// As [`EventLog::append`](crate::EventLog::append), and for the cost as [`Charges::of`].
    pub async fn observe(&self, host: &HostRuntime, cost: Option<&Estimate>, at: Timestamp) -> Result<bool> {
        let charges = cost.map(Charges::of).transpose()?;
        self.see(sight_of_host(host, charges), at).await
    }

    /// Asks a provider for all that its owner has there, hosts, snapshots and volumes, and what it costs, and records what
    /// the log does not know. What the log has and the provider has not is asked for alone, and gone only if the provider
    /// says so. To be called at the start of a service and then from time to time: the sooner, the smaller the doubts.
    ///
    /// It makes a call for the price of each host, where those are not at hand. An attached volume is billed as before. In
    /// one log an owner has one account at a provider.
    ///
    /// # Errors
    /// What the provider's calls can meet, and as [`observe`](Self::observe). What was recorded by then stays.
    pub async fn reconcile(&self, provider: &dyn CloudProvider) -> Result<Reconciled> {
        let at = self.now();
        let mut found = Vec::new();
        for host in provider.hosts(ListHosts::mine()).try_collect::<Vec<_>>().await? {
            let charges = host_charges(provider, &host).await;
            found.push(sight_of_host(&host, charges));
        }
        if let Some(snapshots) = provider.snapshots() {
            for snapshot in snapshots.list_snapshots().await? {
                found.push(sight_of_snapshot(provider, &snapshot).await);
            }
        }
        if let Some(volumes) = provider.volumes() {
            let class = disk_class(provider).await;
            let volumes = volumes.list_volumes().await?;
            let sights: Vec<_> =
                volumes.iter().map(|one| sight_of_volume(one, &volumes, &found, class.as_ref())).collect();
            found.extend(sights);
        }
        let mut reconciled = Reconciled { seen: found.len(), news: Vec::new() };
        let mut there: BTreeSet<Subject> = BTreeSet::new();
        for mut sight in found {
            let subject = sight.subject.clone();
            there.insert(subject.clone());
            if subject.kind == SubjectKind::Volume {
                match self.standing(&subject).await? {
                    // Whose host it was on stays known when it is detached.
                    Some(_) => sight.tags = None,
                    // An attached one that nobody told of is in the bill of its host.
                    None if sight.state != Sighting::Running => continue,
                    None => {}
                }
            }
            if self.see(sight, at).await? {
                reconciled.news.push(subject);
            }
        }
        for (subject, standing) in self.missing(provider, &there, at).await? {
            if is_gone(provider, &subject).await? {
                let gone = Sight { subject, state: Sighting::Gone, created_at: None, charges: None, tags: None };
                let subject = gone.subject.clone();
                if self.see(gone, at.max(standing.since)).await? {
                    reconciled.news.push(subject);
                }
            }
        }
        Ok(reconciled)
    }

    /// What the log has of this provider's owner and the provider did not list, except what is too new to be listed.
    async fn missing(
        &self,
        provider: &dyn CloudProvider,
        there: &BTreeSet<Subject>,
        at: Timestamp,
    ) -> Result<Vec<(Subject, Standing)>> {
        let old = at.checked_sub(provider.capabilities().read_lag).unwrap_or(Timestamp::MIN);
        let mut missing = self.present().await?;
        missing.retain(|(subject, standing)| {
            let ours = &subject.provider == provider.id() && standing.tags.owner.as_ref() == Some(provider.owner());
            ours && !there.contains(subject) && standing.since <= old
        });
        Ok(missing)
    }

    /// Records a sighting, unless it is what the log says for when it was made, or says by now.
    async fn see(&self, sight: Sight, at: Timestamp) -> Result<bool> {
        for known in [self.standing_at(&sight.subject, at).await?, self.standing(&sight.subject).await?] {
            if known.is_some_and(|known| sight.agrees_with(&known)) {
                return Ok(false);
            }
        }
        let Sight { subject, state, created_at, charges, tags } = sight;
        let change = Change::Seen { state, created_at, charges, tags };
        self.record(Event::new(EventId::random(), at, subject, change)).await?;
        Ok(true)
    }
}

impl Sight {
    fn agrees_with(&self, known: &Standing) -> bool {
        if known.gone || self.state == Sighting::Gone {
            return known.gone && matches!(self.state, Sighting::Gone | Sighting::Present);
        }
        self.state.power().is_none_or(|power| power == known.power)
            && self.charges.as_ref().is_none_or(|charges| Some(charges) == known.charges.as_ref())
            && self.tags.as_ref().is_none_or(|tags| *tags == known.tags)
    }
}

fn sight_of_host(host: &HostRuntime, charges: Option<Charges>) -> Sight {
    Sight {
        subject: Subject::host(&host.provider, &host.id),
        state: Sighting::of(&host.state),
        created_at: host.created_at,
        charges,
        tags: Some(Tags::of_host(host)),
    }
}

async fn sight_of_snapshot(provider: &dyn CloudProvider, snapshot: &Snapshot) -> Sight {
    Sight {
        subject: Subject::snapshot(provider.id(), &snapshot.id),
        state: Sighting::Running,
        created_at: snapshot.created_at,
        charges: snapshot_charges(provider, snapshot).await,
        tags: Some(Tags::of_snapshot(snapshot)),
    }
}

/// An attached volume is billed with its host where the host's cost has an item for each volume attached to it. Providers
/// differ in whether it has; where it has only some, the volume is billed as before.
fn sight_of_volume(volume: &Volume, all: &[Volume], hosts: &[Sight], class: Option<&DiskClassInfo>) -> Sight {
    let state = match &volume.host {
        None => Sighting::Running,
        Some(host) => {
            let attached = all.iter().filter(|other| other.host.as_ref() == Some(host)).count();
            let host = hosts.iter().find(|sight| sight.subject.is_host(host));
            let items = host.and_then(|host| host.charges.as_ref()).map_or(0, |cost| cost.count(CostKind::DataDisk));
            if items >= attached { Sighting::Stopped } else { Sighting::Present }
        }
    };
    Sight {
        subject: Subject::volume(&volume.provider, &volume.id),
        state,
        created_at: volume.created_at,
        charges: class.and_then(|class| volume_charges(volume, class)),
        tags: Some(Tags::of_volume(volume)),
    }
}

/// What a host costs now; `None` where nobody can tell, which is no reason to lose the rest.
pub(crate) async fn host_charges(provider: &dyn CloudProvider, host: &HostRuntime) -> Option<Charges> {
    let cost = provider.catalog()?.host_cost(host).await;
    priced(provider.id(), cost, host.id.as_str())
}

/// What a snapshot costs; `None` as long as its size is not known.
pub(crate) async fn snapshot_charges(provider: &dyn CloudProvider, snapshot: &Snapshot) -> Option<Charges> {
    snapshot.size.or(snapshot.disk_size)?;
    let cost = provider.catalog()?.snapshot_cost(snapshot).await;
    priced(provider.id(), cost, snapshot.id.as_str())
}

/// The class of a volume and its price, where the provider has one class of disk: a volume does not tell its class.
pub(crate) async fn disk_class(provider: &dyn CloudProvider) -> Option<DiskClassInfo> {
    match provider.catalog()?.disk_classes().await.map(<[DiskClassInfo; 1]>::try_from) {
        Ok(Ok([only])) => Some(only),
        _ => None,
    }
}

/// What a volume costs while no host's bill has it.
pub(crate) fn volume_charges(volume: &Volume, class: &DiskClassInfo) -> Option<Charges> {
    let rate = Rate::Monthly { price: class.gib_month.times(volume.size.0) };
    let charge = Charge::new(CostKind::DataDisk, volume.size.to_string(), rate, class.terms?);
    Charges::new(vec![charge.not_billed_when_stopped()]).ok()
}

fn priced(provider: &ProviderId, cost: Result<Estimate>, id: &str) -> Option<Charges> {
    match cost.and_then(|cost| Charges::of(&cost)) {
        Ok(charges) => Some(charges),
        Err(error) => {
            tracing::warn!(%provider, id, kind = %error.kind(), "what it costs is not known");
            None
        }
    }
}

/// Whether the provider itself says that there is no such thing.
async fn is_gone(provider: &dyn CloudProvider, subject: &Subject) -> Result<bool> {
    let id = subject.id.as_str();
    let found = match subject.kind {
        SubjectKind::Host => provider.get_host(&HostId::new(id)).await.map(drop),
        SubjectKind::Snapshot => match provider.snapshots() {
            Some(snapshots) => snapshots.get_snapshot(&SnapshotId::new(id)).await.map(drop),
            None => Ok(()),
        },
        SubjectKind::Volume => match provider.volumes() {
            Some(volumes) => volumes.get_volume(&VolumeId::new(id)).await.map(drop),
            None => Ok(()),
        },
        SubjectKind::Address => Ok(()), // no call tells of addresses
    };
    match found {
        Ok(()) => Ok(false),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}
