//! Creating a host exactly once.
//!
//! A name is unique in a zone alone, and a host's zone is ours to choose. So all creates of one owner and name try the
//! region's zones in one order, made of both: two that race meet in the same zone, where Google refuses the second.
//! Where they miss each other all the same, because a zone had no room for one of them or they ask for different regions,
//! each sees the other when it looks again after its create, once nothing older can be hidden by a list's lag any more. The
//! oldest stays, and whoever sees a younger one deletes it: its maker may have crashed.
//!
//! The answer to an insert promises nothing: room and quota are known when its operation fails, or when the instance is past
//! `PROVISIONING`. A create waits for one of both, which takes seconds, and not for the host to run.

use std::collections::BTreeMap;

use cloud_types::clock::within;
use cloud_types::ownership::{self, Match};
use cloud_types::{CreateToken, Created, Error, ErrorKind, HostSpec, HostState, Result};

use crate::client::{Scope, all_of};
use crate::convert::{self, Place};
use crate::firewall::RuleSet;
use crate::host::Inner;
use crate::labels;
use crate::reader::{LAG_PAUSE, READ_LAG};
use crate::wire::{Address, Instance, Operation};

mod body;
mod plan;

pub(crate) use plan::{Plan, split};

/// A wish on its way to become a host.
struct Wish<'a> {
    spec: &'a HostSpec,
    plan: Plan,
    labels: BTreeMap<String, String>,
    rules: Option<RuleSet>,
    /// The address that was reserved for it.
    address: Option<Address>,
}

impl Inner {
    pub(crate) async fn create(&self, spec: &HostSpec) -> Result<Created> {
        self.check(spec)?;
        let token = spec.create_token.clone().unwrap_or_else(CreateToken::random);
        let rules = self.rule_set(spec);
        let mut labels = ownership::host_labels(&self.owner, spec, &token);
        if let Some(oldest) = self.oldest(spec).await? {
            return self.judge(&oldest, &labels, spec, rules.as_ref()).await;
        }
        let tag = rules.as_ref().map(|rules| rules.tag.clone());
        let plan = self.plan(spec).await?;
        let address = self.reserves(spec).then(|| labels::address_name(&self.owner, spec.name.as_str()));
        let user = plan.boot.system.ssh_user();
        labels.extend(labels::of_host(&self.owner, spec, &token, tag.as_deref(), address, user));
        let mut wish = Wish { spec, plan, labels, rules, address: None };
        let mut outcome = self.create_planned(&mut wish).await;
        for _ in 0..TRIES {
            let Err(error) = &outcome else { break };
            if !self.was_early(&wish, error).await? {
                break;
            }
            self.clock.sleep(LAG_PAUSE).await;
            outcome = self.try_again(&mut wish).await;
        }
        if let (Err(error), Some(rules)) = (&outcome, &wish.rules)
            && is_final(error)
        {
            // Best effort: what this call made for a host that will not be. A repeat of the call, any delete of a host that
            // is gone, and a sweep find it too.
            let _ = self.remove_rules(&rules.tag, None).await;
        }
        self.release_unused(spec, wish.address.as_ref(), &outcome).await;
        outcome
    }

    /// Whether a create failed by something of an earlier host that was going with it: its data disk, or its address.
    async fn was_early(&self, wish: &Wish<'_>, error: &Error) -> Result<bool> {
        Ok(self.has_lost_disk(&wish.plan).await?
            || self.has_lost_address(wish.spec, wish.address.as_ref(), error).await?)
    }

    /// Creates by a new plan, unless a host of the name has come meanwhile.
    async fn try_again(&self, wish: &mut Wish<'_>) -> Result<Created> {
        if self.reserves(wish.spec)
            && let Some(oldest) = self.oldest(wish.spec).await?
        {
            return self.judge(&oldest, &wish.labels, wish.spec, wish.rules.as_ref()).await;
        }
        wish.plan = self.plan(wish.spec).await?;
        self.create_planned(wish).await
    }

    /// Tries zone after zone, as long as there is no room.
    async fn create_planned(&self, wish: &mut Wish<'_>) -> Result<Created> {
        wish.address = None;
        if self.reserves(wish.spec) {
            wish.address = Some(self.ensure_address(wish.spec).await?);
        }
        if let Some(rules) = &wish.rules {
            self.ensure_rules(rules).await?;
        }
        let mut refused = Vec::new();
        for zone in &wish.plan.zones {
            match self.create_in(wish, zone).await {
                Err(error) if error.kind() == ErrorKind::NoCapacity => refused.push(error),
                other => return other,
            }
        }
        let zones = wish.plan.zones.join(", ");
        let error = refused.pop().unwrap_or_else(|| Error::new(ErrorKind::NoCapacity, "the region has no zone"));
        Err(if refused.is_empty() { error } else { error.with_context(format!("in none of {zones}")) })
    }

    async fn create_in(&self, wish: &Wish<'_>, zone: &str) -> Result<Created> {
        let body = self.body(wish, zone);
        let place = Place { zone: zone.to_owned(), name: wish.spec.name.to_string(), number: None };
        let mut tries = 0;
        loop {
            let error = match self.api.create_instance(zone, &body).await {
                Ok(operation) => match self.settle(wish, zone, &operation).await {
                    Err(error) if error.kind() == ErrorKind::AlreadyExists && error.code().is_some() => error,
                    other => return other,
                },
                Err(error) => error,
            };
            tries += 1;
            match error.kind() {
                ErrorKind::AlreadyExists => {}
                // Nobody said whether it was done: the name tells.
                ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::OutcomeUnknown => {
                    let there = self.api.get_instance(&place).await;
                    return match there {
                        Ok(instance) => self.adopt(wish, &instance).await,
                        Err(_) => Err(error.with_kind(ErrorKind::OutcomeUnknown)),
                    };
                }
                // Something that the spec names went after the plan was made.
                ErrorKind::NotFound => return Err(error.with_kind(ErrorKind::InvalidRequest)),
                _ => return Err(error),
            }
            // Taken, also by an instance that is still being made, or deleted, and that nobody sees.
            match self.api.get_instance(&place).await {
                Ok(instance) if !self.is_leaving(&instance).await? => {
                    return self.adopt(wish, &instance).await;
                }
                Err(other) if other.kind() != ErrorKind::NotFound => return Err(other),
                _ if tries < TRIES => self.clock.sleep(LAG_PAUSE).await,
                _ => return Err(error.with_kind(ErrorKind::Conflict)),
            }
        }
    }

    /// Waits until Google has decided about an insert, and looks whether an older host has the name.
    async fn settle(&self, wish: &Wish<'_>, zone: &str, operation: &Operation) -> Result<Created> {
        let begun = self.clock.monotonic();
        let name = wish.spec.name.to_string();
        let place = Place { zone: zone.to_owned(), name, number: operation.target_id.clone() };
        self.reader.made(&place, operation.clone());
        let deciding = async {
            loop {
                let (instance, done) = match self.api.get_instance(&place).await {
                    Ok(instance) if place.is(&instance) && instance.status != "PROVISIONING" => return Ok(instance),
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                    other => (other.ok(), self.operations.look(operation).await?),
                };
                match (instance, done) {
                    (Some(instance), true) if place.is(&instance) => return Ok(instance),
                    // It was made and is gone again, or it is not shown yet.
                    (_, true) => return self.reader.read_alone(&place).await,
                    (_, false) => {}
                }
            }
        };
        let decided = within(&*self.clock, DECISION, deciding).await.unwrap_or_else(|| {
            let message = format!("Google has not decided about host {} after {DECISION:?}", place.host_id());
            Err(Error::new(ErrorKind::OutcomeUnknown, message))
        });
        let instance = match decided {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(error
                    .with_kind(ErrorKind::Conflict)
                    .with_context("the host was deleted while it was made"));
            }
            other => other?,
        };
        let since = self.clock.monotonic().saturating_sub(begun);
        self.clock.sleep(READ_LAG.saturating_sub(since)).await;
        if let Some(rules) = &wish.rules {
            self.check_rules(rules).await?;
        }
        let found = self.others(wish.spec).await?;
        match found.first() {
            Some(oldest) if oldest.id != instance.id && age(oldest) < age(&instance) => {
                self.delete_loser(&instance, wish.plan.disk.is_none()).await?;
                self.judge(oldest, &wish.labels, wish.spec, wish.rules.as_ref()).await
            }
            _ => {
                self.delete_younger(&found).await?;
                Ok(Created::New(self.told(&instance).await?))
            }
        }
    }

    /// Takes an instance that stands where the wish's would, unless an older one has the name.
    async fn adopt(&self, wish: &Wish<'_>, instance: &Instance) -> Result<Created> {
        let oldest = self.oldest(wish.spec).await?;
        self.judge(oldest.as_ref().unwrap_or(instance), &wish.labels, wish.spec, wish.rules.as_ref()).await
    }

    /// The host that has the name for good: the oldest, after a look that nothing older is hidden from. Younger ones go.
    async fn oldest(&self, spec: &HostSpec) -> Result<Option<Instance>> {
        let mut found = self.others(spec).await?;
        let certain = self.clock.now() - READ_LAG * 2;
        if found.first().is_some_and(|oldest| oldest.creation_timestamp.is_none_or(|created| created > certain)) {
            self.clock.sleep(READ_LAG).await;
            found = self.others(spec).await?;
        }
        self.delete_younger(&found).await?;
        Ok(found.into_iter().next())
    }

    /// Deletes all but the first. A data disk that is kept stays: it may be older than the host.
    async fn delete_younger(&self, oldest_first: &[Instance]) -> Result<()> {
        for younger in oldest_first.iter().skip(1) {
            self.delete_loser(younger, false).await?;
        }
        Ok(())
    }

    /// This owner's instances of the name in all zones, oldest first, without those that are being deleted.
    async fn others(&self, spec: &HostSpec) -> Result<Vec<Instance>> {
        let owner = format!("labels.{}", ownership::OWNER);
        let fields = [(owner.as_str(), self.owner.as_str()), ("name", spec.name.as_str())];
        let mut found = self.api.all_instances(&all_of(&fields)).await?;
        found.sort_by_key(age);
        let mut there = Vec::with_capacity(found.len());
        for instance in found {
            if !self.is_leaving(&instance).await? {
                there.push(instance);
            }
        }
        Ok(there)
    }

    /// Whether an instance is being deleted: it has the same status as one that is being stopped, and only its operations
    /// tell one from the other.
    pub(crate) async fn is_leaving(&self, instance: &Instance) -> Result<bool> {
        match convert::state(&instance.status) {
            HostState::Deleting => Ok(true),
            HostState::Stopping => {
                let filter = format!("(targetId = {}) AND (operationType = \"delete\")", instance.id);
                let zone = Scope::Zone(convert::last(&instance.zone).to_owned());
                let deletes = self.api.operations_where(&zone, &filter).await?;
                let is_going = |one: &Operation| one.target_id.as_deref() == Some(&instance.id) && one.error.is_none();
                Ok(deletes.iter().any(is_going))
            }
            _ => Ok(false),
        }
    }

    /// What an instance that bears the name is to the wish.
    async fn judge(
        &self,
        instance: &Instance,
        wished: &BTreeMap<String, String>,
        spec: &HostSpec,
        rules: Option<&RuleSet>,
    ) -> Result<Created> {
        let taken = |by: &str| {
            let message = format!("the name {} is taken by {by}", instance.name);
            Err(Error::new(ErrorKind::AlreadyExists, message))
        };
        let verdict = ownership::compare(&instance.labels, wished);
        match verdict {
            Match::OtherSpec => return taken("a host of yours with another spec"),
            Match::OtherOwner => return taken("a host that is not yours: names are unique in a zone"),
            Match::SameSpec | Match::SameWish => {}
        }
        if let Some(rules) = rules {
            self.check_rules(rules).await?;
        }
        let host = self.told(instance).await?;
        // A token that nobody else knows was this call's own.
        Ok(match verdict == Match::SameWish && spec.create_token.is_none() {
            true => Created::New(host),
            false => Created::Existing(host),
        })
    }
}

/// By what the older of two is told: its time, and its number where they are of the same moment.
fn age(instance: &Instance) -> (Option<jiff::Timestamp>, u128) {
    (instance.creation_timestamp, instance.id.parse().unwrap_or(u128::MAX))
}

/// Whether a create certainly made nothing.
pub(crate) fn is_final(error: &Error) -> bool {
    use ErrorKind::{InvalidRequest, NoCapacity, PermissionDenied, QuotaExceeded, Unauthenticated};
    matches!(error.kind(), InvalidRequest | NoCapacity | PermissionDenied | QuotaExceeded | Unauthenticated)
}

/// How often a name is tried that something invisible has: an instance is made or deleted within a minute or two.
const TRIES: u32 = 120;
/// How long a create waits for Google to find room or not: mostly seconds.
const DECISION: std::time::Duration = std::time::Duration::from_secs(300);
