//! The conveniences over [`CloudProvider`]: waits, streams and searches that are the same for every provider.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};
use jiff::Timestamp;

use crate::clock::within;
use crate::wait::pauses;
use crate::{
    CloudProvider, Created, Error, ErrorKind, HostId, HostRuntime, HostSpec, HostState, ListHosts, Name, Offering,
    OfferingFilter, PageToken, Progress, Region, Requirements, Resource, ResourceKind, Result, Snapshot, SnapshotId,
    SnapshotState, SweepReport, Wait, ladder,
};

/// What can be done with every [`CloudProvider`]; implemented for all of them, never by hand.
#[async_trait]
pub trait CloudProviderExt: CloudProvider {
    /// Creates a host and waits until it runs, or with a wait that looks [`through`](Wait::through) something, until it
    /// is ready.
    ///
    /// # Errors
    /// As [`create_host`](CloudProvider::create_host) and [`wait_ready`](Self::wait_ready). After a `Timeout`
    /// the host is there still: repeat the call, or delete it. `Conflict` where an equal wish had made the host and it
    /// was stopped since: it is not started.
    async fn create_and_wait(&self, spec: &HostSpec, wait: Wait<'_>) -> Result<HostRuntime> {
        let created = self.create_host(spec).await?;
        if let Created::Existing(host) = &created
            && matches!(host.state, HostState::Stopped | HostState::Suspended)
        {
            let message = format!("host {} is there and {}: start it", host.name, host.state);
            return Err(Error::new(ErrorKind::Conflict, message).with_provider(self.id()));
        }
        let id = &created.host().id;
        if wait.rungs().is_empty() {
            return self.wait_for_state(id, HostState::Running, wait).await;
        }
        self.wait_ready(id, wait).await
    }

    /// Waits until a host is in a state.
    ///
    /// # Errors
    /// `Timeout` with the state seen last; `Conflict` where the host came to a state from which it will not get there
    /// by itself (`Failed`, `Preempted`, `Deleting`); `NotFound` where it is gone.
    async fn wait_for_state(&self, id: &HostId, state: HostState, wait: Wait<'_>) -> Result<HostRuntime> {
        poll(self, id, wait, Absent::MayBeLate, |host| {
            if host.state == state {
                return Ok(true);
            }
            match host.state {
                HostState::Failed | HostState::Preempted | HostState::Deleting => {
                    let message = format!("host {} is {} and will not become {state}", host.name, host.state);
                    Err(Error::new(ErrorKind::Conflict, message))
                }
                _ => Ok(false),
            }
        })
        .await
    }

    /// Waits until a host is ready: it runs, has an address, and stands on each [rung](crate::Rung) that the wait's
    /// [`through`](Wait::through) looks at.
    ///
    /// One deadline holds for all rungs, and [`Progress::reached`](crate::Progress::reached) tells of each. A host with a
    /// public address is looked at there, otherwise at its private ones; where it has several, the first that answers
    /// counts. A host that stops answering, as one that restarts in its first boot does, is waited for. All the while the
    /// provider is asked now and then whether the host is still there.
    ///
    /// # Contract
    /// - Each rung is told once, the lowest first; the error names the one that was not reached, and what was seen there
    ///   last (`a_wait_for_ready_names_the_rung_it_missed`).
    /// - A host that stops running ends the wait early (`a_wait_for_ready_ends_when_its_host_is_stopped`).
    /// - What the first boot reads is what the spec gave (`user_data_reaches_the_first_boot_unchanged`).
    ///
    /// # Errors
    /// `Timeout`; `Conflict` where the host will not get there by itself: it is `Failed`, `Preempted`, `Deleting` or
    /// `Stopped`, or its first boot failed. Both name the rung and what was seen last, and carry a
    /// [`NotReady`](crate::NotReady) with the last lines of the host's console, for which the wait takes up to ten
    /// seconds more. `NotFound` where the host is gone.
    async fn wait_ready(&self, id: &HostId, wait: Wait<'_>) -> Result<HostRuntime> {
        ladder::climb(self, id, wait).await
    }

    /// Deletes a host and waits until the provider no longer shows it.
    ///
    /// # Errors
    /// As [`delete_host`](CloudProvider::delete_host), and `Timeout` with the state seen last.
    async fn delete_and_wait(&self, id: &HostId, wait: Wait<'_>) -> Result<()> {
        self.delete_host(id).await?;
        match poll(self, id, wait, Absent::IsGone, |_| Ok(false)).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(_) => unreachable!("a poll that is never content ends with an error"),
        }
    }

    /// Waits until a snapshot can be used. One that is not found counts as gone once the provider's
    /// [read lag](crate::Capabilities::read_lag) has passed.
    ///
    /// # Errors
    /// `Timeout`; `Conflict` where it failed; `NotFound` where it is gone; `Unsupported` where there are none.
    async fn wait_for_snapshot(&self, id: &SnapshotId, limit: Duration) -> Result<Snapshot> {
        let snapshots = self.snapshots().ok_or_else(|| Error::unsupported("this provider has no snapshots"))?;
        let pause = *self.capabilities().poll.end();
        let (lag, started) = (self.capabilities().read_lag, self.clock().monotonic());
        let wait = async {
            loop {
                let elapsed = self.clock().monotonic().saturating_sub(started);
                let snapshot = match snapshots.get_snapshot(id).await {
                    Err(error) if passes(&error) => None,
                    // Fresh, and not shown yet.
                    Err(error) if error.kind() == ErrorKind::NotFound && elapsed < lag => None,
                    other => Some(other?),
                };
                match snapshot.as_ref().map(|snapshot| &snapshot.state) {
                    Some(SnapshotState::Available) => break Ok(snapshot.expect("just seen")),
                    Some(SnapshotState::Failed) => {
                        break Err(Error::new(ErrorKind::Conflict, format!("snapshot {id} failed: delete it")));
                    }
                    _ => self.clock().sleep(pause).await,
                }
            }
        };
        let timeout = || Err(Error::new(ErrorKind::Timeout, format!("snapshot {id} is not available after {limit:?}")));
        within(self.clock(), limit, wait).await.unwrap_or_else(timeout)
    }

    /// Finds this owner's host of a name.
    ///
    /// # Errors
    /// What every call can meet.
    async fn find_host(&self, name: &Name) -> Result<Option<HostRuntime>> {
        let mut found = self.hosts(ListHosts::mine().name(name.clone()));
        found.next().await.transpose()
    }

    /// All hosts of a query, page after page, each page read when it is needed.
    ///
    /// A page token that comes twice, or more than 100,000 pages, end the stream with an `Unexpected` error.
    fn hosts(&self, query: ListHosts) -> BoxStream<'_, Result<HostRuntime>> {
        let start = Some((query, HashSet::<PageToken>::new()));
        let pages = stream::try_unfold(start, move |state| async move {
            let Some((mut query, mut seen)) = state else { return Ok(None) };
            let page = self.list_hosts(&query).await?;
            let next = match page.next {
                Some(token) => {
                    if seen.len() == MAX_PAGES || !seen.insert(token.clone()) {
                        let message = "the list of hosts repeats a page or never ends";
                        return Err(Error::new(ErrorKind::Unexpected, message).with_provider(self.id()));
                    }
                    query.page = Some(token);
                    Some((query, seen))
                }
                None => None,
            };
            Ok(Some((page.hosts, next)))
        });
        pages.flat_map(split).boxed()
    }

    /// The cheapest offering in a region that fits, on demand, and can be ordered now.
    ///
    /// # Errors
    /// As [`Offering::cheapest`]; `Unsupported` where the provider has no catalog.
    async fn cheapest_offering(&self, region: &Region, required: &Requirements) -> Result<Offering> {
        let catalog = self.catalog().ok_or_else(|| Error::unsupported("this provider has no catalog"))?;
        let filter = OfferingFilter::all().region(region.clone()).pricing(crate::Pricing::OnDemand);
        let offerings = catalog.offerings(&filter).await?;
        Offering::cheapest(&offerings, required).cloned()
    }

    /// Deletes all that this owner has and that is known to be older than `before`, but not data disks marked to be kept.
    ///
    /// Goes on after a failure: the report says what was deleted, spared and not deletable. What a deleted host leaves
    /// in use for a moment is tried again for as long as the provider's answers may lag.
    ///
    /// # Errors
    /// `Unsupported` where the provider cannot list it, and what listing can meet.
    async fn sweep_before(&self, before: Timestamp) -> Result<SweepReport> {
        let sweep = self.sweep().ok_or_else(|| Error::unsupported("this provider cannot be swept"))?;
        let mut report = SweepReport::default();
        for resource in sweep.list_resources().await? {
            if resource.kept || resource.created_at.is_none_or(|created| created >= before) {
                report.spared.push(resource);
                continue;
            }
            match delete_patiently(self, &resource).await {
                Ok(()) => report.deleted.push(resource),
                Err(error) => report.failed.push((resource, error)),
            }
        }
        Ok(report)
    }
}

impl<P: CloudProvider + ?Sized> CloudProviderExt for P {}

/// What a host means that is not found at first.
#[derive(Clone, Copy)]
enum Absent {
    /// It was made just now, and is not shown yet.
    MayBeLate,
    /// It is gone.
    IsGone,
}

/// Polls a host at the provider's pace until `done` is content or refuses, or the deadline passes.
async fn poll<P: CloudProvider + ?Sized>(
    provider: &P,
    id: &HostId,
    mut wait: Wait<'_>,
    absent: Absent,
    mut done: impl FnMut(&HostRuntime) -> Result<bool> + Send,
) -> Result<HostRuntime> {
    let clock = provider.clock();
    let (limit, started) = (wait.limit(), clock.monotonic());
    let lag = match absent {
        Absent::MayBeLate => provider.capabilities().read_lag,
        Absent::IsGone => Duration::ZERO,
    };
    let mut last = None;
    let looking = async {
        for pause in pauses(&provider.capabilities().poll) {
            let elapsed = clock.monotonic().saturating_sub(started);
            match provider.poll_host(id).await {
                Ok(host) => {
                    wait.tell(&Progress { host: &host, elapsed, reached: None, evidence: "" });
                    if done(&host)? {
                        return Ok(host);
                    }
                    last = Some(host.state);
                }
                Err(error) if passes(&error) => {}
                Err(error) if error.kind() == ErrorKind::NotFound && last.is_none() && elapsed < lag => {}
                Err(error) => return Err(error),
            }
            clock.sleep(pause).await;
        }
        unreachable!("the pauses never end")
    };
    let outcome = within(clock, limit, looking).await;
    outcome.unwrap_or_else(|| {
        let seen = last.map_or_else(|| "it was never seen".to_owned(), |state| format!("last seen {state}"));
        let message = format!("host {id} did not get there within {limit:?}, {seen}");
        Err(Error::new(ErrorKind::Timeout, message).with_provider(provider.id()).with_operation("wait"))
    })
}

fn split(page: Result<Vec<HostRuntime>>) -> BoxStream<'static, Result<HostRuntime>> {
    match page {
        Ok(hosts) => stream::iter(hosts.into_iter().map(Ok)).boxed(),
        Err(error) => stream::once(async { Err(error) }).boxed(),
    }
}

async fn delete_patiently<P: CloudProvider + ?Sized>(provider: &P, resource: &Resource) -> Result<()> {
    let patience = provider.capabilities().read_lag + Duration::from_secs(60);
    let attempts = async {
        for pause in pauses(&provider.capabilities().poll) {
            let outcome = match (resource.kind, provider.sweep()) {
                (ResourceKind::Host, _) => provider.delete_host(&HostId::new(resource.id.clone())).await,
                (_, Some(sweep)) => sweep.delete_resource(resource).await,
                (_, None) => Ok(()),
            };
            match outcome {
                Err(error) if passes(&error) => provider.clock().sleep(pause).await,
                other => return other,
            }
        }
        unreachable!("the pauses never end")
    };
    let timeout =
        || Err(Error::new(ErrorKind::Timeout, format!("{} {} is still in use", resource.kind, resource.name)));
    within(provider.clock(), patience, attempts).await.unwrap_or_else(timeout)
}

/// Whether a failed read ends by itself, for what has a deadline of its own: one read that stalled says nothing of the next.
pub(crate) fn passes(error: &Error) -> bool {
    error.is_retryable() || error.kind() == ErrorKind::Timeout
}

/// More pages than any account has hosts for.
const MAX_PAGES: usize = 100_000;
