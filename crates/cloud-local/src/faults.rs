//! What can go wrong between this provider and its cloud, by rule or by seeded chance.

use std::time::Duration;

use cloud_types::{Error, ErrorKind};

/// A rule: what goes wrong with the next requests of an operation.
///
/// ```
/// use cloud_local::{Fault, FaultKind, Local, Operation};
///
/// let local = Local::new();
/// local.inject(Fault::new(FaultKind::AnswerLost, Operation::CreateHost).times(2));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    kind: FaultKind,
    operation: Option<Operation>,
    skip: u32,
    times: u32,
}

impl Fault {
    /// Hits the next request of that operation, once.
    #[must_use]
    pub fn new(kind: FaultKind, operation: Operation) -> Self {
        Self { kind, operation: Some(operation), skip: 0, times: 1 }
    }

    /// Hits the next request that it can hit, whatever it is, once.
    #[must_use]
    pub fn on_any(kind: FaultKind) -> Self {
        Self { kind, operation: None, skip: 0, times: 1 }
    }

    fn is_for(&self, operation: Operation) -> bool {
        match self.operation {
            Some(only) => only == operation,
            None => self.kind.can_hit(operation),
        }
    }

    /// Hits so many requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Lets so many requests pass first.
    #[must_use]
    pub fn after(mut self, passed: u32) -> Self {
        self.skip = passed;
        self
    }
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FaultKind {
    /// The change is made and the answer never comes.
    AnswerLost,
    /// The change is made and the caller hears nothing, until it gives up: one request takes the account's whole
    /// [patience](crate::Config::patience) then. Chance never draws it.
    NoAnswer,
    /// The connection breaks before the request arrives; the caller cannot tell it from a lost answer.
    ResetBefore,
    /// The cloud answers that there were too many requests, and how long to wait.
    RateLimited,
    /// The cloud says that it is failing and has changed nothing.
    UnavailableBefore,
    /// The cloud says that it is failing although it has made the change.
    UnavailableAfter,
    /// The answer takes so much longer.
    Slow(Duration),
    /// What the request makes or deletes is seen late, by at most so long. To be kept within what
    /// [`Capabilities::read_lag`](cloud_types::Capabilities::read_lag) claims, which [`Config::lag`](crate::Config::lag) sets.
    Lag(Duration),
    /// The zone has no room; hits creates, starts and resizes only.
    NoCapacity,
    /// The account's limit is reached; hits creates only.
    QuotaFull,
}

/// A request to the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is named after the method that sends it")]
pub enum Operation {
    CreateHost,
    GetHost,
    ListHosts,
    StartHost,
    StopHost,
    RestartHost,
    ResizeHost,
    DeleteHost,
    CreateSnapshot,
    GetSnapshot,
    ListSnapshots,
    DeleteSnapshot,
    CreateSshKey,
    ListSshKeys,
    DeleteSshKey,
    CreateVolume,
    GetVolume,
    ListVolumes,
    AttachVolume,
    DetachVolume,
    GrowVolume,
    DeleteVolume,
    ReadCatalog,
    ReadConsole,
    ListResources,
    DeleteFirewall,
}

impl Operation {
    fn creates(self) -> bool {
        matches!(self, Self::CreateHost | Self::CreateSnapshot | Self::CreateSshKey | Self::CreateVolume)
    }

    fn needs_room(self) -> bool {
        matches!(self, Self::CreateHost | Self::CreateVolume | Self::StartHost | Self::ResizeHost)
    }
}

impl FaultKind {
    /// What chance draws from; lag is drawn where the change is made.
    const BY_CHANCE: [Self; 8] = [
        Self::AnswerLost,
        Self::ResetBefore,
        Self::RateLimited,
        Self::UnavailableBefore,
        Self::UnavailableAfter,
        Self::Slow(SLOW),
        Self::NoCapacity,
        Self::QuotaFull,
    ];

    /// The error that the caller gets instead of its request being carried out.
    pub(crate) fn before(self) -> Option<Error> {
        let (kind, message) = match self {
            Self::ResetBefore => (ErrorKind::OutcomeUnknown, "the connection broke"),
            Self::UnavailableBefore => (ErrorKind::Unavailable, "the cloud is failing"),
            Self::NoCapacity => (ErrorKind::NoCapacity, "the zone is full at present"),
            Self::QuotaFull => (ErrorKind::QuotaExceeded, "the account's limit is reached"),
            Self::RateLimited => {
                let error = Error::new(ErrorKind::RateLimited, "too many requests");
                return Some(error.with_retry_after(RETRY_AFTER));
            }
            Self::AnswerLost | Self::NoAnswer | Self::UnavailableAfter | Self::Slow(_) | Self::Lag(_) => return None,
        };
        Some(Error::new(kind, message))
    }

    /// The error that the caller gets although its request was carried out.
    pub(crate) fn after(self) -> Option<Error> {
        match self {
            Self::AnswerLost => Some(Error::new(ErrorKind::OutcomeUnknown, "the answer was lost")),
            Self::NoAnswer => Some(Error::new(ErrorKind::OutcomeUnknown, "no answer came")),
            Self::UnavailableAfter => Some(Error::new(ErrorKind::Unavailable, "the cloud is failing")),
            _ => None,
        }
    }

    /// How long the answer takes beyond the usual.
    pub(crate) fn delay(self) -> Duration {
        match self {
            Self::Slow(longer) => longer,
            _ => Duration::ZERO,
        }
    }

    fn can_hit(self, operation: Operation) -> bool {
        match self {
            Self::NoCapacity => operation.needs_room(),
            Self::QuotaFull => operation.creates(),
            _ => true,
        }
    }
}

/// The rules that are still to hit, and the chance that something hits without a rule.
#[derive(Debug)]
pub(crate) struct Faults {
    rules: Vec<Fault>,
    pub(crate) chance: f64,
    random: fastrand::Rng,
    hits: u64,
}

impl Faults {
    pub(crate) fn new(chance: f64, seed: u64) -> Self {
        Self { rules: Vec::new(), chance, random: fastrand::Rng::with_seed(seed), hits: 0 }
    }

    pub(crate) fn add(&mut self, rule: Fault) {
        self.rules.push(rule);
    }

    /// Forgets all rules.
    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// How many requests were hit.
    pub(crate) fn hits(&self) -> u64 {
        self.hits
    }

    /// What hits this request, if anything.
    pub(crate) fn meet(&mut self, operation: Operation) -> Option<FaultKind> {
        let fault = self.by_rule(operation).or_else(|| self.by_chance(operation));
        self.hits += u64::from(fault.is_some());
        fault
    }

    fn by_rule(&mut self, operation: Operation) -> Option<FaultKind> {
        let rule = self.rules.iter_mut().find(|rule| rule.is_for(operation))?;
        if rule.skip > 0 {
            rule.skip -= 1;
            return None;
        }
        rule.times -= 1;
        let kind = rule.kind;
        self.rules.retain(|rule| rule.times > 0);
        Some(kind)
    }

    fn by_chance(&mut self, operation: Operation) -> Option<FaultKind> {
        if self.chance == 0.0 || self.random.f64() >= self.chance {
            return None;
        }
        let possible: Vec<_> = FaultKind::BY_CHANCE.into_iter().filter(|kind| kind.can_hit(operation)).collect();
        self.random.choice(possible)
    }
}

const RETRY_AFTER: Duration = Duration::from_millis(200);
const SLOW: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_hits_its_operation_as_often_as_it_says() {
        let mut faults = Faults::new(0.0, 1);
        faults.add(Fault::new(FaultKind::RateLimited, Operation::GetHost).after(1).times(2));
        assert_eq!(faults.meet(Operation::ListHosts), None);
        let met: Vec<_> = (0..4).map(|_| faults.meet(Operation::GetHost).is_some()).collect();
        assert_eq!((met, faults.hits()), (vec![false, true, true, false], 2));
    }

    #[test]
    fn chance_is_seeded_and_about_as_frequent_as_asked_for() {
        let draw = |seed| {
            let mut faults = Faults::new(0.2, seed);
            (0..1000).map(|_| faults.meet(Operation::CreateHost)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let hits = draw(7).into_iter().flatten().count();
        assert!((150..250).contains(&hits), "{hits}");
    }

    #[test]
    fn a_read_never_meets_a_full_quota() {
        let mut faults = Faults::new(1.0, 3);
        assert!((0..500).all(|_| faults.meet(Operation::GetHost) != Some(FaultKind::QuotaFull)));
    }
}
