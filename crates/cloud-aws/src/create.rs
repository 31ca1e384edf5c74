//! Creating a host exactly once.
//!
//! EC2 takes a name any number of times, but a *client token* once: all creates of one owner and name use one token a zone
//! and an hour, so that of two that race EC2 itself makes one host, and tells the other that the token is taken. What is
//! left are creates that miss each other: because a zone had no room for one of them, because the hour ended between them, or
//! because they ask for different zones or regions. So each looks again after its create, once nothing older can be hidden
//! by a list's lag any more. The oldest stays, and whoever sees a younger one deletes it: its maker may have crashed.
//!
//! A token stands for what was asked with it even where that found no room, or has ended: whoever meets one that nobody
//! shows a host of goes on to the next.
//!
//! EC2 makes the host before it looks for room everywhere, and may give it up a moment later: waits tell that.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_ec2::types::Instance;
use cloud_types::ownership::{self, Match};
use cloud_types::{CreateToken, Created, Error, ErrorKind, HostSpec, HostState, Region, Result};

use crate::convert::{self, Place};
use crate::group::RuleSet;
use crate::host::Inner;
use crate::network::Subnet;
use crate::reader::{LAG_PAUSE, READ_LAG};
use crate::{ssh_key, tags};

mod body;
mod data_disk;
mod first_boot;
mod look;
mod plan;
mod token;

use look::{age, call_of};
pub(crate) use plan::Plan;
pub(crate) use token::SpentTokens;

/// A wish on its way to become a host.
struct Wish<'a> {
    spec: &'a HostSpec,
    plan: Plan,
    labels: BTreeMap<String, String>,
    rules: Option<RuleSet>,
    /// What the host reads at its first boot, encoded.
    user_data: Option<String>,
    /// Whether something was launched: what it uses is not in vain any more.
    launched: AtomicBool,
}

/// An instance and where it is.
type Found = (Region, Instance);

impl Inner {
    pub(crate) async fn create(&self, spec: &HostSpec) -> Result<Created> {
        self.check(spec)?;
        let user_data = first_boot::user_data(spec)?;
        let token = spec.create_token.clone().unwrap_or_else(CreateToken::random);
        let mut labels = ownership::host_labels(&self.owner, spec, &token);
        labels.insert(tags::CALL.to_owned(), CreateToken::random().to_string());
        if let Some(oldest) = self.oldest(spec).await? {
            return self.judge(&oldest, &labels, spec).await;
        }
        let plan = self.plan(spec).await?;
        labels.insert(tags::SSH_USER.to_owned(), plan.boot.ssh_user.clone());
        let network = plan.places.first().map_or("", |place| &place.network);
        let wish = Wish {
            spec,
            labels,
            rules: self.rule_set(spec, network),
            user_data,
            plan,
            launched: AtomicBool::new(false),
        };
        let outcome = Box::pin(self.create_planned(&wish)).await;
        if outcome.as_ref().is_err_and(is_final) && !wish.launched.load(Ordering::Relaxed) {
            // Best effort: what this call made for a host that will not be. A repeat of the call, any delete of a host that
            // is gone, and a sweep find it too.
            let _ = self.remove_shared(&wish).await;
        }
        outcome
    }

    /// Tries zone after zone, as long as there is no room.
    async fn create_planned(&self, wish: &Wish<'_>) -> Result<Created> {
        let mut refused = Vec::new();
        for subnet in &wish.plan.places {
            match Box::pin(self.create_in(wish, subnet)).await {
                Err(error) if error.kind() == ErrorKind::NoCapacity || is_full(&error) => refused.push(error),
                other => return other,
            }
        }
        let error = refused.pop().unwrap_or_else(|| Error::new(ErrorKind::NoCapacity, "the region has no zone"));
        let zones: Vec<&str> = wish.plan.places.iter().map(|place| place.zone.as_str()).collect();
        Err(if refused.is_empty() { error } else { error.with_context(format!("in none of {}", zones.join(", "))) })
    }

    async fn create_in(&self, wish: &Wish<'_>, subnet: &Subnet) -> Result<Created> {
        let (spec, region) = (wish.spec, &wish.spec.region);
        let until = self.clock.monotonic() + DECISION;
        // Since when a token is met that another create has used, and that shows no host.
        let mut taken: Option<(String, Duration)> = None;
        loop {
            let (token, hour) = self.unspent_token(spec, &subnet.zone);
            let body = self.body(wish, subnet, &token).await?;
            let error = match self.api.create_instance(region, &body).await {
                Ok(instance) => match self.meet(wish, instance).await? {
                    Some(created) => return Ok(created),
                    // The token's host is on its way out, and EC2 remembers it.
                    None => {
                        self.spent.add(token, hour);
                        continue;
                    }
                },
                Err(error) => error,
            };
            let late = self.clock.monotonic() >= until;
            match (error.kind(), error.code()) {
                (_, Some("IdempotentInstanceTerminated")) if !late => {
                    self.spent.add(token, hour);
                    continue;
                }
                // Just made and not known everywhere yet, or gone with the last host that used it.
                (ErrorKind::NotFound, Some("InvalidGroup.NotFound" | "InvalidKeyPair.NotFound")) if !late => {
                    self.forget_shared(wish, region);
                }
                // Another create of the name was first, here or in an earlier try that found no room.
                (_, Some("IdempotentParameterMismatch")) => {
                    if let Some((_, instance)) = self.by_token(region, &token).await? {
                        match self.meet(wish, instance).await? {
                            Some(created) => return Ok(created),
                            None => {
                                self.spent.add(token, hour);
                                continue;
                            }
                        }
                    }
                    let now = self.clock.monotonic();
                    let since = match &taken {
                        Some((other, since)) if *other == token => *since,
                        _ => taken.insert((token.clone(), now)).1,
                    };
                    if now.saturating_sub(since) >= READ_LAG {
                        // Should its host be shown all the same, it is the older one.
                        self.spent.add(token, hour);
                    }
                    if late {
                        let message = format!("another create of {} is under way: repeat the call", spec.name);
                        return Err(Error::new(ErrorKind::Conflict, message));
                    }
                }
                // Nobody said whether it was done, or nobody could read it: the token tells.
                (
                    ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::OutcomeUnknown | ErrorKind::Unexpected,
                    _,
                ) => {
                    let unknown = || error.with_kind(ErrorKind::OutcomeUnknown);
                    return match self.by_token(region, &token).await {
                        Ok(Some((_, instance))) => self.meet(wish, instance).await?.ok_or_else(unknown),
                        _ => Err(unknown()),
                    };
                }
                (ErrorKind::NoCapacity | ErrorKind::QuotaExceeded, _) => {
                    self.spent.add(token, hour);
                    return Err(error);
                }
                // Something that the spec names went after the plan was made.
                (ErrorKind::NotFound, _) => return Err(error.with_kind(ErrorKind::InvalidRequest)),
                _ => return Err(error),
            }
            self.clock.sleep(LAG_PAUSE).await;
        }
    }

    /// What an instance of the wish's token is to it; nothing where it is being deleted.
    async fn meet(&self, wish: &Wish<'_>, instance: Instance) -> Result<Option<Created>> {
        if convert::state(&instance) == HostState::Deleting {
            return Ok(None);
        }
        if is_of_call(&instance, &wish.labels) {
            wish.launched.store(true, Ordering::Relaxed);
            return Box::pin(self.settle(wish, instance)).await.map(Some);
        }
        let there = match self.oldest(wish.spec).await? {
            Some(oldest) => Some(oldest),
            None => self.still(&wish.spec.region, instance).await?.map(|one| (wish.spec.region.clone(), one)),
        };
        match there {
            Some(found) => self.judge(&found, &wish.labels, wish.spec).await.map(Some),
            None => Ok(None),
        }
    }

    /// Looks whether an older host has the name, once none can be hidden any more, and gives the new one the data disk that
    /// was left for it.
    async fn settle(&self, wish: &Wish<'_>, instance: Instance) -> Result<Created> {
        let region = &wish.spec.region;
        let place = Place::of(region, &instance)?;
        self.reader.made(&place);
        self.clock.sleep(READ_LAG).await;
        let mut others = self.others(wish.spec).await?;
        others.retain(|(_, other)| other.instance_id != instance.instance_id);
        if others.first().is_some_and(|(_, other)| age(other) < age(&instance)) {
            self.delete_loser(&place, &instance, wish.spec.name.as_str()).await?;
            let oldest = others.swap_remove(0);
            return self.judge(&oldest, &wish.labels, wish.spec).await;
        }
        self.delete_younger(&(region.clone(), instance.clone()), &others).await?;
        self.attach_left_disk(&place, wish.spec, wish.plan.left_disk.as_deref()).await?;
        Ok(Created::New(self.told(region, &instance)?))
    }

    /// What an instance that bears the name is to the wish.
    async fn judge(
        &self,
        (region, instance): &Found,
        wished: &BTreeMap<String, String>,
        spec: &HostSpec,
    ) -> Result<Created> {
        let labels = tags::read(instance.tags.as_deref());
        let taken = |by: &str| {
            let message = format!("the name {} is taken by {by}", spec.name);
            Err(Error::new(ErrorKind::AlreadyExists, message))
        };
        match ownership::compare(&labels, wished) {
            Match::OtherSpec => return taken("a host of yours with another spec"),
            Match::OtherOwner => return taken("a host that is not yours"),
            Match::SameSpec | Match::SameWish => {}
        }
        let place = Place::of(region, instance)?;
        self.complete_data_disk(&place, spec).await?;
        let host = self.told(region, instance)?;
        Ok(match is_of_call(instance, wished) {
            true => {
                self.reader.made(&place);
                Created::New(host)
            }
            false => Created::Existing(host),
        })
    }

    fn forget_shared(&self, wish: &Wish<'_>, region: &Region) {
        if let Some(rules) = &wish.rules {
            self.groups.forget_name(region, &rules.name);
        }
        if let Some(key) = ssh_key::of_pair(&wish.spec.ssh_keys) {
            self.keys.forget(region, &tags::key_name(&self.owner, tags::FOR_HOSTS, key));
        }
    }

    async fn remove_shared(&self, wish: &Wish<'_>) -> Result<()> {
        let region = &wish.spec.region;
        if let Some(rules) = &wish.rules
            && let Some(id) = self.groups.get(region, &rules.name)
        {
            self.remove_group(region, &id).await?;
        }
        match ssh_key::of_pair(&wish.spec.ssh_keys) {
            Some(key) => self.remove_key(region, &tags::key_name(&self.owner, tags::FOR_HOSTS, key)).await,
            None => Ok(()),
        }
    }
}

/// Whether the very call that bears these labels launched the instance.
fn is_of_call(instance: &Instance, labels: &BTreeMap<String, String>) -> bool {
    call_of(instance).as_ref() == labels.get(tags::CALL)
}

/// Whether a zone's subnet has no address left, where another zone's may have some.
fn is_full(error: &Error) -> bool {
    error.code() == Some("InsufficientFreeAddressesInSubnet")
}

/// Whether a create certainly made nothing.
fn is_final(error: &Error) -> bool {
    use ErrorKind::{InvalidRequest, NoCapacity, PermissionDenied, QuotaExceeded, Unauthenticated};
    matches!(error.kind(), InvalidRequest | NoCapacity | PermissionDenied | QuotaExceeded | Unauthenticated)
}

/// How long a create looks for a token that launches something.
const DECISION: Duration = Duration::from_secs(300);
