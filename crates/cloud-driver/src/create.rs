//! Creating a host exactly once, on any API.
//!
//! The labels are the memory: owner, name, spec, token and call travel in the launch itself. Three rules hold for every
//! provider, and stand here alone:
//! - **Look before you repeat.** A launch whose outcome nobody knows is looked up before another is sent.
//! - **The oldest stays.** Where the API takes a name more than once, everybody looks again after a launch, when nothing
//!   older can be hidden any more. The oldest host is the one; whoever sees a younger one deletes it, since the process
//!   that made it may have crashed.
//! - **New is what this very call made.** The host bears the mark of the call that launched it; all else is `Existing`.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use cloud_types::ownership::{self, Match};
use cloud_types::{CreateToken, Created, Error, ErrorKind, HostId, HostRuntime, HostSpec, Result};
use jiff::Timestamp;

use crate::sabotage::{Promise, is_broken};
use crate::{Account, Sends};

mod look;
#[cfg(test)]
mod tests;

/// What an API can do, of which [`create_once`] makes a create.
pub trait Creates: Send + Sync {
    /// What the catalog made of a spec: the machine type, the image, the places to try.
    type Plan: Send + Sync;
    /// Where a launch can be tried, such as a zone. Its text stands in the error where there is room in none.
    type Place: std::fmt::Display + Send + Sync;
    /// A host as the API shows it.
    type Host: Send + Sync;
    /// What a create has made so far besides the host: keys, firewalls, disks.
    type Made: Default + Send + Sync;

    /// Where the API refuses a name that is taken.
    const UNIQUE: Unique;

    /// Whose hosts these are.
    fn account(&self) -> &Account;

    /// What notes the launches of this process.
    fn sends(&self) -> &dyn Sends;

    /// What is known to be wrong with a spec before any call.
    ///
    /// # Errors
    /// `InvalidRequest` and `Unsupported`.
    fn check(&self, spec: &HostSpec) -> Result<()>;

    /// Whether to look for the host before anything is planned or made. Not where the launch itself will tell and nothing
    /// is made before it.
    fn looks_first(&self, _spec: &HostSpec) -> bool {
        true
    }

    /// Resolves machine, image and places by the catalog.
    fn plan(&self, spec: &HostSpec) -> impl Future<Output = Result<Self::Plan>> + Send;

    /// The places of a plan, in the order in which they are tried.
    fn places<'a>(&self, plan: &'a Self::Plan) -> &'a [Self::Place];

    /// Labels of the host besides those of [`ownership`], such as what it was made with.
    fn labels(&self, _spec: &HostSpec, _plan: &Self::Plan) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// The hosts that bear the name: this owner's, and where a name is unique in the account, anybody's. Without those
    /// that are being deleted, and without those that a list shows although they are gone.
    fn candidates(&self, spec: &HostSpec) -> impl Future<Output = Result<Vec<Candidate<Self::Host>>>> + Send;

    /// The host that stands in the way of a launch in this place, whoever owns it, where a candidate does not tell.
    fn holder(
        &self,
        _request: &Request<'_, Self::Plan>,
        _place: &Self::Place,
    ) -> impl Future<Output = Result<Option<Candidate<Self::Host>>>> + Send {
        async { Ok(None) }
    }

    /// Makes what the host needs, notes it in `made`, and launches the host.
    ///
    /// # Errors
    /// `OutcomeUnknown` where the launch may have been carried out, and for nothing else; `AlreadyExists` and `Conflict`
    /// where the name, or what the host needs, is taken now; `NotFound` where something that the host needs has vanished;
    /// `NoCapacity` where the next place may have room.
    fn launch(
        &self,
        request: &Request<'_, Self::Plan>,
        place: &Self::Place,
        made: &mut Self::Made,
    ) -> impl Future<Output = Result<Candidate<Self::Host>>> + Send;

    /// Forgets what this process believes to be there of what the host needs: something of it has vanished. Whether there
    /// was anything to forget.
    fn forget(&self, _request: &Request<'_, Self::Plan>, _place: &Self::Place) -> bool {
        false
    }

    /// Gives a host what can be given only once it is there. It is called for each host that is the request's, also for
    /// one that was there before anything was planned: whoever made it may have crashed before it did so.
    fn complete(
        &self,
        _spec: &HostSpec,
        _plan: Option<&Self::Plan>,
        _host: &Candidate<Self::Host>,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// The host in the contract's words. This process remembers it as one that may be shown late.
    fn host(&self, host: Self::Host) -> impl Future<Output = Result<HostRuntime>> + Send;

    /// Deletes a host that is too much, and waits until it is gone.
    fn remove(&self, host: &Candidate<Self::Host>, why: Surplus) -> impl Future<Output = Result<()>> + Send;

    /// Removes what a create made whose host will not be, as far as no other host uses it by now. Best effort: a repeat of
    /// the create, a delete and a sweep find it too.
    fn undo(&self, request: &Request<'_, Self::Plan>, made: Self::Made) -> impl Future<Output = ()> + Send;

    /// Whether a create failed by something that passes, such as the disk of an earlier host that was just going: then it
    /// is planned again.
    fn is_passing(
        &self,
        _request: &Request<'_, Self::Plan>,
        _made: &Self::Made,
        _error: &Error,
    ) -> impl Future<Output = Result<bool>> + Send {
        async { Ok(false) }
    }

    /// How long a launch is tried in one place while the name is not free, or nobody says whether it was carried out.
    fn decision(&self) -> Duration {
        DECISION
    }
}

/// Where an API refuses a name that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unique {
    /// In the whole account, whoever owns the host.
    Account,
    /// In a place: two places may each have one.
    Place,
    /// Nowhere.
    Nowhere,
}

/// Why a host is too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surplus {
    /// This call made it and an older one has the name: nobody has used it, so that its disks go too.
    Lost,
    /// Another call made it after the one that has the name.
    Younger,
}

/// A host that bears a name.
#[derive(Debug, Clone)]
pub struct Candidate<H> {
    /// Its id.
    pub id: HostId,
    /// All of its labels.
    pub labels: BTreeMap<String, String>,
    /// When it was created, by the provider's clock.
    pub created: Option<Timestamp>,
    /// The host as the API shows it.
    pub host: H,
}

/// A request for a host, on its way.
#[derive(Debug)]
pub struct Request<'a, P> {
    /// What the caller asked for.
    pub spec: &'a HostSpec,
    /// All labels of the host.
    pub labels: BTreeMap<String, String>,
    /// What the catalog made of the spec.
    pub plan: P,
}

impl<H> Candidate<H> {
    /// Sort key. Ids of one moment count up, as numbers or as text of one length.
    fn age(&self) -> (Option<Timestamp>, usize, &str) {
        let native = self.id.native();
        (self.created, native.len(), native)
    }

    /// The older of two comes first.
    fn by_age(one: &Self, other: &Self) -> Ordering {
        match one.age().cmp(&other.age()) {
            order if is_broken(Promise::OldestStays) => order.reverse(),
            order => order,
        }
    }

    fn call(&self) -> Option<&String> {
        self.labels.get(ownership::CALL)
    }
}

/// What one call has done so far.
#[derive(Default)]
struct Attempt<M> {
    made: M,
    /// Whether a launch was sent whose outcome nobody told.
    sent: bool,
}

/// Creates the host that `spec` describes, or finds the one that an equal request made.
///
/// # Errors
/// Those of [`CloudProvider::create_host`](cloud_types::CloudProvider::create_host). Once a launch was sent, an error that
/// does not decide whether there is a host is `OutcomeUnknown`.
pub async fn create_once<B: Creates>(backend: &B, spec: &HostSpec) -> Result<Created> {
    backend.check(spec)?;
    let token = spec.create_token.clone().unwrap_or_else(CreateToken::random);
    let mut labels = ownership::host_labels(backend.account().owner(), spec, &token);
    labels.insert(ownership::CALL.to_owned(), CreateToken::random().to_string());
    let mut attempt = Attempt::<B::Made>::default();
    let mut patience = backend.account().patience(backend.decision()).at_least(TRIES);
    let mut looks = backend.looks_first(spec);
    loop {
        if looks {
            let found = look::candidates(backend, spec).await?;
            if !found.is_empty() {
                return judge(backend, spec, &labels, None, found).await;
            }
        }
        let plan = backend.plan(spec).await?;
        let mut request = Request { spec, labels: labels.clone(), plan };
        request.labels.extend(backend.labels(spec, &request.plan));
        let error = match in_places(backend, &request, &mut attempt).await {
            Ok(created) => return Ok(created),
            Err(error) if attempt.sent && is_doubtful(error.kind()) => {
                return Err(error.with_kind(ErrorKind::OutcomeUnknown));
            }
            Err(error) => error,
        };
        if !attempt.sent && backend.is_passing(&request, &attempt.made, &error).await? {
            patience.wait(error).await?;
            looks = true;
            continue;
        }
        if !attempt.sent && made_nothing(error.kind()) && !is_broken(Promise::FailureIsUndone) {
            backend.undo(&request, attempt.made).await;
        }
        return Err(error);
    }
}

/// Tries place after place, as long as there is no room.
async fn in_places<B: Creates>(
    backend: &B,
    request: &Request<'_, B::Plan>,
    attempt: &mut Attempt<B::Made>,
) -> Result<Created> {
    let places = backend.places(&request.plan);
    let mut full = None;
    for place in places {
        match in_place(backend, request, place, attempt).await {
            Err(error) if error.kind() == ErrorKind::NoCapacity => full = Some(error),
            other => return other,
        }
    }
    let error = full.unwrap_or_else(|| Error::new(ErrorKind::NoCapacity, "the region has no zone"));
    if places.len() < 2 {
        return Err(error);
    }
    let names: Vec<String> = places.iter().map(ToString::to_string).collect();
    Err(error.with_context(format!("in none of {}", names.join(", "))))
}

async fn in_place<B: Creates>(
    backend: &B,
    request: &Request<'_, B::Plan>,
    place: &B::Place,
    attempt: &mut Attempt<B::Made>,
) -> Result<Created> {
    let spec = request.spec;
    let mut patience = backend.account().patience(backend.decision()).at_least(TRIES);
    loop {
        let noted = backend.sends().sending(spec.name.as_str());
        let launched = backend.launch(request, place, &mut attempt.made).await;
        drop(noted);
        let error = match launched {
            Ok(host) => return settle(backend, request, host).await,
            Err(error) => error,
        };
        let error = match error.kind() {
            ErrorKind::AlreadyExists => {
                error.with_kind(ErrorKind::Conflict).with_context(format!("the name {} is not free yet", spec.name))
            }
            ErrorKind::OutcomeUnknown => {
                attempt.sent = true;
                error
            }
            ErrorKind::Conflict => error,
            // What the host needs has gone with another host's delete: it is made again.
            ErrorKind::NotFound if backend.forget(request, place) => {
                patience.wait(error.with_kind(ErrorKind::InvalidRequest)).await?;
                continue;
            }
            ErrorKind::NotFound => return Err(error.with_kind(ErrorKind::InvalidRequest)),
            _ => return Err(error),
        };
        if is_broken(Promise::LookBeforeRepeat) {
            patience.wait(error).await?;
            continue;
        }
        // Look before it is sent again.
        match look::in_the_way(backend, request, place).await {
            Ok(found) if !found.is_empty() => {
                return judge(backend, spec, &request.labels, Some(&request.plan), found).await;
            }
            Ok(_) => patience.wait(error).await?,
            Err(failed) if attempt.sent => return Err(failed.with_kind(ErrorKind::OutcomeUnknown)),
            Err(failed) => return Err(failed),
        }
    }
}

/// A launch was answered: looks whether an older host has the name, where the API lets two have one.
async fn settle<B: Creates>(backend: &B, request: &Request<'_, B::Plan>, host: Candidate<B::Host>) -> Result<Created> {
    let (spec, plan) = (request.spec, Some(&request.plan));
    if host.call() != request.labels.get(ownership::CALL) {
        // The API made it for an earlier call, and remembers that.
        let mut found = look::candidates(backend, spec).await?;
        if found.is_empty() {
            found.push(host);
        }
        return judge(backend, spec, &request.labels, plan, found).await;
    }
    if B::UNIQUE != Unique::Account {
        if !is_broken(Promise::HiddenIsAwaited) {
            backend.account().clock().sleep(backend.account().lag()).await;
        }
        let mut others = look::now(backend, spec).await?;
        others.retain(|other| other.id != host.id);
        let is_older = |other: &Candidate<B::Host>| Candidate::by_age(other, &host) == Ordering::Less;
        if others.first().is_some_and(is_older) && !is_broken(Promise::LoserGoes) {
            backend.remove(&host, Surplus::Lost).await?;
            return judge(backend, spec, &request.labels, plan, others).await;
        }
        remove_younger(backend, &host, others).await?;
    }
    backend.complete(spec, plan, &host).await?;
    Ok(Created::New(backend.host(host.host).await?))
}

/// Which of the hosts that bear a name counts, and what it is to the request.
async fn judge<B: Creates>(
    backend: &B,
    spec: &HostSpec,
    labels: &BTreeMap<String, String>,
    plan: Option<&B::Plan>,
    oldest_first: Vec<Candidate<B::Host>>,
) -> Result<Created> {
    let mut found = oldest_first.into_iter();
    let oldest = found.next().expect("the caller found one");
    remove_younger(backend, &oldest, found).await?;
    let by = match ownership::compare(&oldest.labels, labels) {
        Match::OtherSpec => "a host of yours with another spec",
        Match::OtherOwner => "a host that is not yours",
        Match::SameSpec | Match::SameWish => {
            backend.complete(spec, plan, &oldest).await?;
            let is_ours =
                oldest.call().is_some() && oldest.call() == labels.get(ownership::CALL) || is_broken(Promise::NewIsOwn);
            let host = backend.host(oldest.host).await?;
            return Ok(if is_ours { Created::New(host) } else { Created::Existing(host) });
        }
    };
    Err(Error::new(ErrorKind::AlreadyExists, format!("the name {} is taken by {by}", spec.name)))
}

/// Deletes what other calls made for the name after the oldest. One with the mark of an older one was copied by hand, and
/// one without a mark was not made here: both stay.
async fn remove_younger<B: Creates>(
    backend: &B,
    oldest: &Candidate<B::Host>,
    younger: impl IntoIterator<Item = Candidate<B::Host>>,
) -> Result<()> {
    let mut calls = vec![oldest.call().cloned()];
    for one in younger {
        let call = one.call().cloned();
        if call.is_some() && !calls.contains(&call) && !is_broken(Promise::YoungerGoes) {
            backend.remove(&one, Surplus::Younger).await?;
        }
        calls.push(call);
    }
    Ok(())
}

/// Whether an error leaves no doubt that the call that got it made no host, where none of its launches is in doubt.
fn made_nothing(kind: ErrorKind) -> bool {
    use ErrorKind::{
        AlreadyExists, Conflict, InvalidRequest, NoCapacity, PermissionDenied, QuotaExceeded, Unauthenticated,
        Unsupported,
    };
    let certain = [
        AlreadyExists,
        Conflict,
        InvalidRequest,
        NoCapacity,
        PermissionDenied,
        QuotaExceeded,
        Unauthenticated,
        Unsupported,
    ];
    certain.contains(&kind)
}

/// Whether an error leaves it open what became of a launch that nobody answered. A refusal came after a look that found
/// nothing; a name that is not free may be taken by that very launch.
fn is_doubtful(kind: ErrorKind) -> bool {
    !made_nothing(kind) || matches!(kind, ErrorKind::Conflict | ErrorKind::Unauthenticated)
}

/// How long a create waits for a name or an answer, where a provider says nothing else.
const DECISION: Duration = Duration::from_secs(10);
/// How often a launch is tried at least.
const TRIES: u32 = 7;
