//! Creating a host exactly once, on a cloud that takes any name twice and loses answers.
//!
//! The labels are the memory: owner, name, spec and token travel in the create request itself. A request whose outcome
//! is unknown is looked up before it is sent again. After a create everybody looks once more: the oldest host of an
//! owner and name is the one, and younger ones are deleted. Nobody judges before the read lag has passed since the
//! host was made that looks oldest, and since this process sent its last create of that name, dropped ones among them:
//! until then a host may be hidden that counts.

use std::time::Duration;

use cloud_types::{CreateToken, Created, Error, ErrorKind, HostRuntime, HostSpec, HostState, Result, ownership};
use cloud_world::Labels;
use jiff::Timestamp;

use crate::cloud::Cloud;
use crate::error::{is_passing, is_unknown, locked};
use crate::{Local, Operation, catalog, convert};

/// A wish on its way to become a host.
struct Wish<'a> {
    spec: &'a HostSpec,
    labels: Labels,
    /// The mark of this one call on the data disk that it makes.
    call: CreateToken,
    /// Whether a create was sent that may have made a host.
    sent: bool,
    /// The host that the cloud said to have made.
    made: Option<HostRuntime>,
}

/// A host that bears the wished owner and name.
struct Candidate {
    host: HostRuntime,
    labels: Labels,
    created: Timestamp,
}

impl Local {
    pub(crate) async fn create(&self, spec: &HostSpec) -> Result<Created> {
        self.account.capabilities.check(spec)?;
        let token = spec.create_token.clone().unwrap_or_else(CreateToken::random);
        let labels = ownership::host_labels(&self.owner, spec, &token);
        let mut wish = Wish { spec, labels, call: CreateToken::random(), sent: false, made: None };
        let created = self.fulfil(&mut wish).await.map_err(|error| match wish.sent && is_passing(&error) {
            true => error.with_kind(ErrorKind::OutcomeUnknown),
            false => error,
        })?;
        if let Created::New(host) = &created {
            self.recent.made(host.id.as_str(), self.account.clock.monotonic());
        }
        Ok(created)
    }

    async fn fulfil(&self, wish: &mut Wish<'_>) -> Result<Created> {
        let mut patience = self.patience();
        loop {
            let found = self.look(wish).await?;
            let (leaving, alive): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|one| one.host.state == HostState::Deleting);
            if !alive.is_empty() {
                return self.judge(wish, alive).await;
            }
            if let Some(host) = wish.made.take() {
                // It was made and is gone again: somebody deleted it meanwhile, as it is their right.
                return Ok(Created::New(host));
            }
            if let Some(host) = leaving.first() {
                patience.wait(locked(format!("host {} is still being deleted", host.host.id))).await?;
                continue;
            }
            match self.attempt(wish).await {
                Ok(host) => wish.made = Some(host),
                Err(error) if is_passing(&error) => patience.wait(error).await?,
                Err(error) => {
                    self.drop_unused_disk(wish.spec, &wish.labels, &wish.call).await;
                    return Err(error);
                }
            }
        }
    }

    /// Sends the wish once.
    async fn attempt(&self, wish: &mut Wish<'_>) -> Result<HostRuntime> {
        let (spec, labels) = (wish.spec, &wish.labels);
        let machine =
            self.repeat(Operation::ReadCatalog, |cloud, now| catalog::choose(&cloud.world, spec, now)).await?;
        let disk = self.ensure_data_disk(spec, labels, &wish.call).await?;
        let rules = convert::firewall_rules(&spec.inbound);
        let noted = Sending::begin(self, wish.spec);
        let made = self.request(Operation::CreateHost, |cloud, now| {
            let mut request = convert::host_request(&cloud.world, spec, &machine, labels)?;
            request.volumes.extend(disk);
            let id = cloud.create_host(request, rules.as_deref(), now)?;
            if let (Some(volume), Some(wished)) = (disk, &spec.data_disk) {
                cloud.mark_disk(volume, wished.on_delete);
            }
            cloud.host(&id.to_string()).and_then(|host| convert::host(&cloud.world, host))
        });
        let made = made.await;
        drop(noted);
        wish.sent |= made.as_ref().err().is_none_or(is_unknown);
        made
    }

    /// The hosts of the wished owner and name, oldest first, seen when no older one can be hidden any more.
    async fn look(&self, wish: &Wish<'_>) -> Result<Vec<Candidate>> {
        let lag = self.account.capabilities.read_lag;
        loop {
            let clock = &self.account.clock;
            let (asked, moment) = (clock.now(), clock.monotonic());
            // Asked before the list, since what was noted may be forgotten while the answer travels, and after it, since
            // another call may have ended meanwhile.
            let hides = || self.recent.hides_for(wish.spec.name.as_str(), moment);
            let before = hides();
            let list = |cloud: &mut Cloud, now| candidates(cloud, self.owner.as_str(), wish.spec.name.as_str(), now);
            let mut found = self.repeat(Operation::ListHosts, list).await?;
            if !lag.is_zero() {
                found = self.without_ghosts(found).await?;
            }
            let made_here = before.max(hides());
            let hidden_for = found.first().map_or(made_here, |oldest| made_here.max(lag_left(lag, oldest, asked)));
            if hidden_for.is_zero() {
                return Ok(found);
            }
            self.sleep(hidden_for + Duration::from_millis(1)).await;
        }
    }

    /// Without those that a list shows although they are gone.
    async fn without_ghosts(&self, found: Vec<Candidate>) -> Result<Vec<Candidate>> {
        let mut there = Vec::with_capacity(found.len());
        for one in found {
            let id = one.host.id.as_str();
            match self.repeat(Operation::GetHost, |cloud, now| cloud.seen_host(id, now).map(drop)).await {
                Ok(()) => there.push(one),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(there)
    }

    /// The oldest is the host of that name; whatever lost the race to it goes.
    async fn judge(&self, wish: &Wish<'_>, alive: Vec<Candidate>) -> Result<Created> {
        let mut alive = alive.into_iter();
        let oldest = alive.next().expect("the caller found one");
        for loser in alive {
            self.delete_whole(&loser.host.id).await?;
        }
        match ownership::compare(&oldest.labels, &wish.labels) {
            ownership::Match::SameWish if wish.sent => Ok(Created::New(oldest.host)),
            ownership::Match::SameWish | ownership::Match::SameSpec => Ok(Created::Existing(oldest.host)),
            ownership::Match::OtherSpec | ownership::Match::OtherOwner => {
                let message = format!("host {} has the name {} and another spec", oldest.host.id, oldest.host.name);
                Err(Error::new(ErrorKind::AlreadyExists, message))
            }
        }
    }
}

/// A create on its way: its host may be made at any time until the answer came or the caller gave it up, so that both
/// ends are noted.
struct Sending<'a> {
    local: &'a Local,
    name: &'a str,
}

impl<'a> Sending<'a> {
    fn begin(local: &'a Local, spec: &'a HostSpec) -> Self {
        let sending = Self { local, name: spec.name.as_str() };
        sending.note();
        sending
    }

    fn note(&self) {
        self.local.recent.sent(self.name, self.local.account.clock.monotonic());
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.note();
    }
}

/// For how long yet a host may be hidden that is older than the oldest that was seen.
fn lag_left(lag: Duration, oldest: &Candidate, asked: Timestamp) -> Duration {
    let age = Duration::try_from(asked.duration_since(oldest.created)).unwrap_or_default();
    lag.saturating_sub(age)
}

fn candidates(cloud: &mut Cloud, owner: &str, name: &str, now: Timestamp) -> Result<Vec<Candidate>> {
    let world = &cloud.world;
    let found = cloud.listed_hosts(Some(owner), Some(name), now).map(|host| {
        let (labels, created) = (host.labels.clone(), host.created);
        Ok(Candidate { host: convert::host(world, host)?, labels, created })
    });
    let mut found: Vec<Candidate> = found.collect::<Result<_>>()?;
    // Ids count up, so that they tell the older one of two that were made at the same moment.
    found.sort_by_key(|one| (one.created, convert::world_id(one.host.id.as_str())));
    Ok(found)
}
