//! Inbound ports: firewall rules that are bound to hosts by a tag.
//!
//! Rules of one set of ports share a tag, which is made of owner, network and ports, so that making them twice finds the
//! first. A network's own rules let in more than was asked for, so one rule of the set shuts everything and weighs more than
//! those, and the others open ports and weigh most. A tag without rules refuses nothing: therefore who has made a host looks
//! whether its rules are still there, and who has deleted rules looks whether a host has come meanwhile.

use std::collections::BTreeSet;

use cloud_driver::{Account, Known, found, gone};
use cloud_types::{ErrorKind, HostSpec, Inbound, Resource, Result};
use futures::stream::TryStreamExt;

use crate::client::{Api, all_of};
use crate::convert::{self, RuleSet};
use crate::labels;
use crate::operations::Operations;

/// The rules of this owner's hosts.
#[derive(Debug)]
pub(crate) struct Firewalls {
    account: Account,
    api: Api,
    operations: Operations,
    network: String,
    /// The tags whose rules this process has seen.
    tags: Known<String, ()>,
}

impl Firewalls {
    pub(crate) fn new(account: &Account, api: &Api, operations: &Operations, network: &str) -> Self {
        let (operations, network) = (operations.clone(), network.to_owned());
        Self { account: account.clone(), api: api.clone(), operations, network, tags: Known::default() }
    }

    /// The rules that a host needs; none where it asks for what the network does by itself.
    pub(crate) fn of(&self, spec: &HostSpec) -> Option<RuleSet> {
        let Inbound::Only(ports) = &spec.inbound else { return None };
        Some(RuleSet::new(self.account.owner(), &self.network, ports))
    }

    /// Makes the rules where this process has not seen them.
    pub(crate) async fn ensure(&self, set: &RuleSet) -> Result<()> {
        if !self.tags.has(&set.tag) {
            self.make(set).await?;
            self.tags.learn(set.tag.clone(), ());
        }
        Ok(())
    }

    /// Makes those of the rules again that have gone meanwhile, with the last host that used them.
    pub(crate) async fn check(&self, mut set: RuleSet) -> Result<()> {
        let mut missing = Vec::new();
        for rule in set.rules {
            if found(self.api.get_firewall(&rule.name).await)?.is_none() {
                missing.push(rule);
            }
        }
        set.rules = missing;
        self.make(&set).await
    }

    /// Makes rules; one that is there is as asked for, since its name tells what it lets in.
    async fn make(&self, set: &RuleSet) -> Result<()> {
        for rule in &set.rules {
            match self.operations.finish(self.api.create_firewall(rule)).await {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// Removes the rules of a tag that no host uses. One that comes meanwhile finds them again.
    pub(crate) async fn remove(&self, tag: &str, gone_host: Option<&str>) -> Result<()> {
        self.tags.forget(tag);
        let set = RuleSet::of(tag, self.api.all_firewalls().await?);
        // The rule that shuts goes last: a host that comes meanwhile is rather closed than open.
        for rule in set.rules.iter().rev() {
            self.remove_rule(&rule.name).await?;
        }
        if self.is_used(tag, gone_host).await? { self.make(&set).await } else { Ok(()) }
    }

    /// Removes one rule by its name; one that is not there is removed.
    pub(crate) async fn remove_rule(&self, name: &str) -> Result<()> {
        gone(self.operations.finish(self.api.delete_firewall(name)).await)
    }

    /// Whether a host bears the tag, besides the one of this number, which is known to be gone.
    pub(crate) async fn is_used(&self, tag: &str, gone_host: Option<&str>) -> Result<bool> {
        let field = format!("labels.{}", labels::FIREWALL);
        let filter = all_of(&[(&field, tag)]);
        let mut users = self.api.some_instances(&filter).await?;
        while let Some(user) = users.try_next().await? {
            let user = convert::seen(user);
            // A list may still show a host that is gone.
            if Some(user.number()) != gone_host
                && let Some(now) = found(self.api.get_instance(&user.place).await)?
                && now.id == user.number()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The tags of this owner's rules.
    pub(crate) async fn tags(&self) -> Result<BTreeSet<String>> {
        let all = self.api.all_firewalls().await?;
        let own = all.into_iter().filter(|rule| convert::is_rule_of(rule, self.account.owner()));
        Ok(own.filter_map(|rule| rule.target_tags.into_iter().next()).collect())
    }

    /// This owner's rules, for a sweep.
    pub(crate) async fn resources(&self) -> Result<Vec<Resource>> {
        let all = self.api.all_firewalls().await?;
        let own = all.iter().filter(|rule| convert::is_rule_of(rule, self.account.owner()));
        Ok(own.map(convert::firewall_resource).collect())
    }
}
