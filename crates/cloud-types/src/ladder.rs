//! The ladder that a wait for a ready host climbs: what the provider says first, then what is seen from outside.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};

use crate::clock::within;
use crate::ext::passes;
use crate::not_ready::tail;
use crate::wait::pauses;
use crate::{
    Ability, CloudProvider, Error, ErrorKind, HostId, HostRuntime, HostState, NotReady, Progress, Reach, Result, Rung,
    Sight, Wait,
};

/// Climbs until the host stands on the highest rung, the deadline passes, or it never will.
pub(crate) async fn climb<P: CloudProvider + ?Sized>(provider: &P, id: &HostId, wait: Wait<'_>) -> Result<HostRuntime> {
    let limit = wait.limit();
    let mut ladder = Ladder::new(provider, id, wait);
    let outcome = within(provider.clock(), limit, ladder.climb()).await;
    let Ladder { host, reached, next, evidence, .. } = ladder;
    let (kind, what) = match outcome {
        Some(Ok(host)) => return Ok(host),
        Some(Err(Stop::Refused(error))) => return Err(error.with_context(format!("while waiting for the rung {next}"))),
        Some(Err(Stop::Never)) => (ErrorKind::Conflict, "will not become ready".to_owned()),
        None => (ErrorKind::Timeout, format!("is not ready after {limit:?}")),
    };
    // Before it ran, it had nothing to write.
    let console = if reached.is_some() { console(provider, id).await } else { None };
    let source = NotReady::new(next, &evidence, console.as_deref());
    let name = host.as_ref().map_or(id.as_str(), |host| &host.name);
    let error = Error::new(kind, format!("host {name} {what}: {source}")).with_source(source);
    Err(error.with_provider(provider.id()).with_operation("wait_ready"))
}

struct Ladder<'a, P: ?Sized> {
    provider: &'a P,
    id: &'a HostId,
    wait: Wait<'a>,
    started: Duration,
    polled: Duration,
    host: Option<HostRuntime>,
    /// The highest rung that was told of.
    reached: Option<Rung>,
    /// The rung that is climbed to.
    next: Rung,
    /// Where the host is looked at: once it answered somewhere, there alone.
    at: Vec<IpAddr>,
    evidence: String,
}

/// Why climbing ends below the top.
enum Stop {
    /// The provider refuses to tell of the host.
    Refused(Error),
    /// The host never gets there; the evidence says why.
    Never,
}

impl<'a, P: CloudProvider + ?Sized> Ladder<'a, P> {
    fn new(provider: &'a P, id: &'a HostId, wait: Wait<'a>) -> Self {
        let started = provider.clock().monotonic();
        let evidence = "the host was never seen".to_owned();
        Self {
            provider,
            id,
            wait,
            started,
            polled: started,
            host: None,
            reached: None,
            next: Rung::Running,
            at: Vec::new(),
            evidence,
        }
    }

    async fn climb(&mut self) -> Result<HostRuntime, Stop> {
        self.climb_to_address().await?;
        let mut rungs = self.wait.rungs().into_iter().peekable();
        while let Some((rung, reach)) = rungs.next() {
            self.next = rung;
            self.evidence = "no answer yet".to_owned();
            self.climb_to(rung, reach).await?;
            if rungs.peek().is_none_or(|(next, _)| *next > rung) {
                self.reached(rung);
            }
        }
        // What was read while the upper rungs were climbed may have been a restart.
        if self.host.as_ref().is_none_or(|host| host.state != HostState::Running) {
            self.climb_to_address().await?;
        }
        Ok(self.host.take().expect("a host with an address was read"))
    }

    /// The rungs that the provider tells of.
    async fn climb_to_address(&mut self) -> Result<(), Stop> {
        for pause in pauses(&self.provider.capabilities().poll) {
            if self.poll().await?
                && let Some(host) = &self.host
            {
                let (state, at) = (host.state.clone(), host.addresses.to_reach());
                self.evidence = format!("the host is {state}");
                if state == HostState::Running {
                    self.reached(Rung::Running);
                    self.next = Rung::Address;
                    self.evidence = "the host runs and has none".to_owned();
                    if !at.is_empty() {
                        self.evidence = join(at.iter().map(IpAddr::to_string));
                        self.at = at;
                        self.reached(Rung::Address);
                        return Ok(());
                    }
                }
            }
            self.provider.clock().sleep(pause).await;
        }
        unreachable!("the pauses never end")
    }

    /// A rung that is looked at from outside; the provider is asked now and then whether the host is still there.
    async fn climb_to(&mut self, rung: Rung, reach: &dyn Reach) -> Result<(), Stop> {
        let poll_again = POLL_AGAIN.max(*self.provider.capabilities().poll.end());
        for pause in pauses(&LOOK_PAUSES) {
            match self.look(rung, reach).await {
                Sight::Reached(evidence) => {
                    self.evidence = evidence;
                    return Ok(());
                }
                Sight::NotYet(evidence) => {
                    self.evidence = evidence;
                    self.tell(None);
                }
                Sight::Never(evidence) => {
                    self.evidence = evidence;
                    return Err(Stop::Never);
                }
            }
            self.provider.clock().sleep(pause).await;
            if self.provider.clock().monotonic().saturating_sub(self.polled) >= poll_again {
                self.poll().await?;
                self.follow_address();
            }
        }
        unreachable!("the pauses never end")
    }

    /// Looks at all addresses at once; the one that reaches the rung first is the host's from then on.
    async fn look(&mut self, rung: Rung, reach: &dyn Reach) -> Sight {
        let (Some(host), clock) = (&self.host, self.provider.clock()) else {
            return Sight::NotYet("the host was never seen".to_owned());
        };
        let look = |(place, at): (usize, IpAddr)| async move {
            let sight = within(clock, LOOK_LIMIT, reach.look(rung, host, at)).await;
            (place, at, sight.unwrap_or_else(|| Sight::NotYet(format!("{at}: no answer in {LOOK_LIMIT:?}"))))
        };
        let mut looks: FuturesUnordered<_> = self.at.iter().copied().enumerate().map(look).collect();
        let mut misses = Vec::new();
        while let Some((place, at, sight)) = looks.next().await {
            match sight {
                Sight::Reached(_) => {
                    drop(looks);
                    self.at = vec![at];
                    return sight;
                }
                Sight::Never(_) => return sight,
                Sight::NotYet(evidence) => misses.push((place, evidence)),
            }
        }
        misses.sort_unstable();
        Sight::NotYet(join(misses.into_iter().map(|(_, evidence)| evidence)))
    }

    /// Reads the host, and gives up where it will not run by itself. `false` where nobody can say just now.
    async fn poll(&mut self) -> Result<bool, Stop> {
        let read = self.provider.poll_host(self.id).await;
        self.polled = self.provider.clock().monotonic();
        let elapsed = self.polled.saturating_sub(self.started);
        match read {
            Ok(host) => self.host = Some(host),
            // Fresh, and not shown yet.
            Err(error) if error.kind() == ErrorKind::NotFound && self.host.is_none() && elapsed < self.read_lag() => {
                return Ok(false);
            }
            Err(error) if passes(&error) => {
                if self.next <= Rung::Address {
                    self.evidence = error.to_string();
                }
                return Ok(false);
            }
            Err(error) => return Err(Stop::Refused(error)),
        }
        self.tell(None);
        match self.host.as_ref().map(|host| &host.state) {
            Some(state @ (HostState::Failed | HostState::Preempted | HostState::Deleting | HostState::Stopped)) => {
                self.evidence = format!("the host is {state}");
                Err(Stop::Never)
            }
            _ => Ok(true),
        }
    }

    /// Addresses may change, as those of a host that was stopped and started do.
    fn follow_address(&mut self) {
        let now = self.host.as_ref().map(|host| host.addresses.to_reach()).unwrap_or_default();
        if !now.is_empty() && self.at.iter().any(|at| !now.contains(at)) {
            self.at = now;
        }
    }

    /// Tells of a rung once, when it is reached first.
    fn reached(&mut self, rung: Rung) {
        if self.reached < Some(rung) {
            self.reached = Some(rung);
            self.tell(Some(rung));
        }
    }

    fn tell(&mut self, reached: Option<Rung>) {
        if let Some(host) = &self.host {
            let elapsed = self.provider.clock().monotonic().saturating_sub(self.started);
            self.wait.tell(&Progress { host, elapsed, reached, evidence: &self.evidence });
        }
    }

    fn read_lag(&self) -> Duration {
        self.provider.capabilities().read_lag
    }
}

/// What the host wrote last, where that can be read.
async fn console<P: CloudProvider + ?Sized>(provider: &P, id: &HostId) -> Option<String> {
    if !provider.capabilities().can(Ability::ConsoleOutput) {
        return None;
    }
    let output = provider.console()?.console_output(id);
    let output = within(provider.clock(), CONSOLE_LIMIT, output).await?.ok()?;
    tail(&output).map(str::to_owned)
}

fn join(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().collect::<Vec<_>>().join("; ")
}

/// The pauses between looks from outside.
const LOOK_PAUSES: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(5);
/// The longest look; what is reached over a network answers sooner or says by itself what it waited for.
const LOOK_LIMIT: Duration = Duration::from_secs(30);
/// How old what the provider said may become while the host is looked at from outside, where it has no slower pace.
const POLL_AGAIN: Duration = Duration::from_secs(15);
/// How long a console may take to be read once a wait is over.
const CONSOLE_LIMIT: Duration = Duration::from_secs(10);
