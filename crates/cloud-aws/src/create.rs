//! Creating a host exactly once.
//!
//! EC2 takes a name any number of times, but a *client token* once: all creates of one owner and name use one token a zone
//! and an hour, so that of two that race EC2 itself makes one host, and tells the other that the token is taken. What is
//! left are creates that miss each other: because a zone had no room for one of them, because the hour ended between them, or
//! because they ask for different regions. Each looks again after its create, who may have been missed by others after a
//! while: all tell by the same rule which host stays, and whoever made another one deletes it.
//!
//! EC2 makes the host before it looks for room everywhere, and may give it up a moment later: waits tell that.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::types::Instance;
use cloud_types::ownership::{self, Match};
use cloud_types::{CreateToken, Created, Error, ErrorKind, HostSpec, HostState, Region, Result};
use jiff::Timestamp;

use crate::client::{filter, tagged};
use crate::convert::{self, Place};
use crate::group::RuleSet;
use crate::host::{Inner, staying};
use crate::network::Subnet;
use crate::reader::{LAG_PAUSE, READ_LAG};
use crate::tags;

mod body;
mod first_boot;
mod plan;

pub(crate) use plan::Plan;

/// A wish on its way to become a host.
struct Wish<'a> {
    spec: &'a HostSpec,
    plan: Plan,
    labels: BTreeMap<String, String>,
    rules: Option<RuleSet>,
    /// What the host reads at its first boot, encoded.
    user_data: Option<String>,
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
        match self.others(spec).await?.into_iter().next() {
            Some(first) if self.may_give_way(&first.1) => return self.adopt(first, &labels, spec).await,
            Some(first) => return self.judge(&first, &labels, spec).await,
            None => {}
        }
        let plan = self.plan(spec).await?;
        labels.insert(tags::SSH_USER.to_owned(), plan.boot.ssh_user.clone());
        let network = plan.places.first().map_or("", |place| &place.network);
        let wish = Wish { spec, labels, rules: self.rule_set(spec, network), user_data, plan };
        let outcome = Box::pin(self.create_planned(&wish)).await;
        if outcome.as_ref().is_err_and(is_final) {
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
            match Box::pin(self.create_in(wish, subnet, !refused.is_empty())).await {
                Err(error) if error.kind() == ErrorKind::NoCapacity => refused.push(error),
                other => return other,
            }
        }
        let error = refused.pop().unwrap_or_else(|| Error::new(ErrorKind::NoCapacity, "the region has no zone"));
        let zones: Vec<&str> = wish.plan.places.iter().map(|place| place.zone.as_str()).collect();
        Err(if refused.is_empty() { error } else { error.with_context(format!("in none of {}", zones.join(", "))) })
    }

    async fn create_in(&self, wish: &Wish<'_>, subnet: &Subnet, moved_on: bool) -> Result<Created> {
        let (spec, region) = (wish.spec, &wish.spec.region);
        let (hour, young) = hour(self.clock.now());
        let settling = moved_on || young;
        let (mut incarnation, mut looks) = (0_u32, 0_u64);
        loop {
            let token = tags::client_token(&self.owner, spec, &subnet.zone, &format!("{hour}.{incarnation}"));
            let body = self.body(wish, subnet, &token, settling).await?;
            let error = match self.api.create_instance(region, &body).await {
                // The token's host has ended, and EC2 remembers it.
                Ok(instance) if convert::state(&instance) == HostState::Deleting => {
                    incarnation += 1;
                    continue;
                }
                Ok(instance) if is_of_call(&instance, &wish.labels) => {
                    return Box::pin(self.settle(wish, instance, settling)).await;
                }
                Ok(instance) => return self.adopt((region.clone(), instance), &wish.labels, spec).await,
                Err(error) => error,
            };
            match (error.kind(), error.code()) {
                (_, Some("IdempotentInstanceTerminated")) if incarnation < INCARNATIONS => {
                    incarnation += 1;
                    continue;
                }
                // Just made and not known everywhere yet, or gone with the last host that used it.
                (ErrorKind::NotFound, Some("InvalidGroup.NotFound" | "InvalidKeyPair.NotFound")) if looks < LOOKS => {
                    self.forget_shared(wish, region);
                }
                // Another create of the name was first.
                (_, Some("IdempotentParameterMismatch")) => {
                    match self.by_token(region, &token).await? {
                        Some((_, ended)) if convert::state(&ended) == HostState::Deleting => {
                            incarnation += 1;
                            continue;
                        }
                        Some(found) => return self.adopt(found, &wish.labels, spec).await,
                        None => {}
                    }
                    if looks >= LOOKS {
                        let message = format!("another create of {} is under way: repeat the call", spec.name);
                        return Err(Error::new(ErrorKind::Conflict, message));
                    }
                }
                // Nobody said whether it was done: the token tells.
                (ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::OutcomeUnknown, _) => {
                    return match self.by_token(region, &token).await {
                        Ok(Some(found)) if convert::state(&found.1) != HostState::Deleting => {
                            self.adopt(found, &wish.labels, spec).await
                        }
                        _ => Err(error.with_kind(ErrorKind::OutcomeUnknown)),
                    };
                }
                // Something that the spec names went after the plan was made.
                (ErrorKind::NotFound, _) => return Err(error.with_kind(ErrorKind::InvalidRequest)),
                _ => return Err(error),
            }
            looks += 1;
            self.clock.sleep(LAG_PAUSE).await;
        }
    }

    /// Looks whether another host of the name is to stay, and gives the new one the data disk that was left for it.
    async fn settle(&self, wish: &Wish<'_>, instance: Instance, settling: bool) -> Result<Created> {
        let region = &wish.spec.region;
        let place = Place::of(region, &instance)?;
        self.reader.made(&place);
        if settling {
            // Whoever goes before this one is launched within the handicap, and shown then.
            self.clock.sleep(HANDICAP + READ_LAG).await;
        }
        let first = self.others(wish.spec).await?.into_iter().next();
        if let Some(winner) = first.filter(|(_, other)| turn(other) < turn(&instance)) {
            self.delete_loser(&place, &instance).await?;
            return self.adopt(winner, &wish.labels, wish.spec).await;
        }
        self.attach_left_disk(&place, wish.spec, wish.plan.left_disk.as_deref()).await?;
        Ok(Created::New(self.told(region, &instance)?))
    }

    /// This owner's instances of the name in all regions, the one that stays first, without those that are being deleted.
    async fn others(&self, spec: &HostSpec) -> Result<Vec<Found>> {
        let filters =
            [tagged(ownership::OWNER, self.owner.as_str()), tagged(ownership::NAME, spec.name.as_str()), staying()];
        let filters = &filters;
        let find = async |region: Region| {
            let found = self.api.all_instances(&region, filters).await?;
            Ok(found.into_iter().map(|one| (region.clone(), one)).collect())
        };
        let mut found: Vec<Found> = Box::pin(self.api.everywhere(find)).await?;
        found.sort_by_cached_key(|(_, one)| turn(one));
        Ok(found)
    }

    /// The instance that was launched with a client token, where it is shown; it may have ended.
    async fn by_token(&self, region: &Region, token: &str) -> Result<Option<Found>> {
        let found = self.api.all_instances(region, &[filter("client-token", [token])]).await?;
        Ok(found.into_iter().next().map(|one| (region.clone(), one)))
    }

    /// Takes an instance that bears the name for the wish's, where it is one and the one that stays. Where that may not be
    /// known yet this waits until it is.
    async fn adopt(&self, found: Found, wished: &BTreeMap<String, String>, spec: &HostSpec) -> Result<Created> {
        let (_, instance) = &found;
        if is_of_call(instance, wished) {
            return self.judge(&found, wished, spec).await;
        }
        if self.may_give_way(instance) {
            self.clock.sleep(HANDICAP + READ_LAG * 2).await;
        }
        let first = self.others(spec).await?.into_iter().next();
        self.judge(&first.unwrap_or(found), wished, spec).await
    }

    /// Whether the maker of an instance may still look whether another one is to stay.
    fn may_give_way(&self, instance: &Instance) -> bool {
        let age = convert::created_at(instance).map(|at| self.clock.now().duration_since(at));
        is_settling(instance) && age.is_some_and(|age| age.as_secs() < SETTLED)
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
        if spec.data_disk.is_some() {
            // The create that made it may have ended before the disk was attached.
            let left = self.left_disk(spec).await?.map(|(_, volume)| volume);
            self.attach_left_disk(&place, spec, left.as_deref()).await?;
        }
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
        if let Some(key) = wish.spec.ssh_keys.first() {
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
        match wish.spec.ssh_keys.first() {
            Some(key) => self.remove_key(region, &tags::key_name(&self.owner, tags::FOR_HOSTS, key)).await,
            None => Ok(()),
        }
    }
}

/// Whether the very call that bears these labels launched the instance.
fn is_of_call(instance: &Instance, labels: &BTreeMap<String, String>) -> bool {
    tags::read(instance.tags.as_deref()).get(tags::CALL) == labels.get(tags::CALL)
}

/// By what everybody tells which of several hosts of a name stays: the one that was launched first. One that may be missed
/// by others, since it was launched in another zone or by another token than theirs, has to be so much earlier that they
/// must have seen it.
fn turn(instance: &Instance) -> (Option<Timestamp>, Option<String>) {
    let handicap = if is_settling(instance) { HANDICAP } else { Duration::ZERO };
    (convert::created_at(instance).map(|at| at + handicap), instance.instance_id.clone())
}

/// Whether the maker of an instance looks again for some time.
fn is_settling(instance: &Instance) -> bool {
    tags::read(instance.tags.as_deref()).contains_key(tags::SETTLING)
}

/// The hour, and whether it is so young that a create of the hour before may still be on its way.
fn hour(now: Timestamp) -> (i64, bool) {
    let seconds = now.as_second();
    (seconds.div_euclid(HOUR), seconds.rem_euclid(HOUR) < YOUNG)
}

/// Whether a create certainly made nothing.
fn is_final(error: &Error) -> bool {
    use ErrorKind::{InvalidRequest, NoCapacity, PermissionDenied, QuotaExceeded, Unauthenticated};
    matches!(error.kind(), InvalidRequest | NoCapacity | PermissionDenied | QuotaExceeded | Unauthenticated)
}

/// How much earlier than others a host must be that they may have missed: as long as it may be hidden.
const HANDICAP: Duration = READ_LAG;
/// After so many seconds nobody gives way any more, whatever the clocks of two machines say.
const SETTLED: i64 = 600;
const HOUR: i64 = 3600;
/// Longer than a create is on its way.
const YOUNG: i64 = 150;
/// How often a name can be used again within an hour.
const INCARNATIONS: u32 = 500;
/// How many looks, a second apart, for what may not be shown yet.
const LOOKS: u64 = Duration::from_secs(3).as_secs() * READ_LAG.as_secs();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn creates_of_one_hour_share_their_token_and_a_young_hour_is_told() {
        let at = |second: i64| hour(Timestamp::from_second(second).unwrap());
        assert_eq!(at(7200 + 200), (2, false));
        assert_eq!(at(7200 + 3599), (2, false));
        assert_eq!(at(10_800), (3, true));
    }
}
