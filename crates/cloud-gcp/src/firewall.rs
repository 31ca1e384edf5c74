//! Inbound ports: firewall rules that are bound to hosts by a tag.
//!
//! Rules of one set of ports share a tag, which is made of owner, network and ports, so that making them twice finds the
//! first. A network's own rules let in more than was asked for, so one rule of the set shuts everything and weighs more than
//! those, and the others open ports and weigh most. A tag without rules refuses nothing: therefore who has made a host looks
//! whether its rules are still there, and who has deleted rules looks whether a host has come meanwhile.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use cloud_types::{ErrorKind, HostSpec, Inbound, InboundPort, Owner, Result, ownership};
use futures::stream::TryStreamExt;

use crate::client::all_of;
use crate::convert::Place;
use crate::delete::gone;
use crate::host::Inner;
use crate::labels;
use crate::wire::{Firewall, Instance, Ports};

/// The tags whose rules this process has seen.
#[derive(Debug, Default)]
pub(crate) struct Firewalls {
    known: Mutex<HashSet<String>>,
}

impl Firewalls {
    fn knows(&self, tag: &str) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(tag)
    }

    fn learn(&self, tag: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(tag.to_owned());
    }

    fn forget(&self, tag: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(tag);
    }
}

/// The rules of one host, and the tag that binds them to it.
#[derive(Debug)]
pub(crate) struct RuleSet {
    pub(crate) tag: String,
    rules: Vec<Firewall>,
}

impl Inner {
    /// The rules that a host needs; none where it asks for what the network does by itself.
    pub(crate) fn rule_set(&self, spec: &HostSpec) -> Option<RuleSet> {
        let Inbound::Only(ports) = &spec.inbound else { return None };
        Some(rule_set(&self.owner, &self.network.network, ports))
    }

    /// Makes the rules where this process has not seen them.
    pub(crate) async fn ensure_rules(&self, set: &RuleSet) -> Result<()> {
        if self.firewalls.knows(&set.tag) {
            return Ok(());
        }
        self.make_rules(&set.rules).await?;
        self.firewalls.learn(&set.tag);
        Ok(())
    }

    /// Makes those of the rules anew that have gone meanwhile, with the last host that used them.
    pub(crate) async fn check_rules(&self, set: &RuleSet) -> Result<()> {
        let mut missing = Vec::new();
        for rule in &set.rules {
            match self.api.get_firewall(&rule.name).await {
                Err(error) if error.kind() == ErrorKind::NotFound => missing.push(rule.clone()),
                other => {
                    other?;
                }
            }
        }
        self.make_rules(&missing).await
    }

    /// Makes rules; one that is there is as wished, since its name tells what it lets in.
    async fn make_rules(&self, rules: &[Firewall]) -> Result<()> {
        for rule in rules {
            let made = match self.api.create_firewall(rule).await {
                Ok(operation) => self.operations.wait(&operation).await,
                Err(error) => Err(error),
            };
            match made {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// Removes the rules of a tag, unless a host uses them.
    pub(crate) async fn remove_rules(&self, tag: &str, except: Option<&str>) -> Result<()> {
        if self.is_tag_used(tag, except).await? {
            return Ok(());
        }
        let mut rules = self.api.all_firewalls().await?;
        rules.retain(|rule| rule.target_tags.iter().any(|target| target == tag) && owner_of(rule).is_some());
        self.remove_seen_rules(tag, rules, except).await
    }

    /// Removes all rules of this owner that no host uses.
    pub(crate) async fn remove_unused_rules(&self) -> Result<()> {
        let mut sets: BTreeMap<String, Vec<Firewall>> = BTreeMap::new();
        for rule in self.own_rules().await? {
            if let Some(tag) = rule.target_tags.first() {
                sets.entry(tag.clone()).or_default().push(rule);
            }
        }
        for (tag, rules) in sets {
            if !self.is_tag_used(&tag, None).await? {
                self.remove_seen_rules(&tag, rules, None).await?;
            }
        }
        Ok(())
    }

    /// All rules of this owner.
    pub(crate) async fn own_rules(&self) -> Result<Vec<Firewall>> {
        let mut rules = self.api.all_firewalls().await?;
        rules.retain(|rule| owner_of(rule) == Some(self.owner.as_str()));
        Ok(rules)
    }

    async fn remove_seen_rules(&self, tag: &str, rules: Vec<Firewall>, except: Option<&str>) -> Result<()> {
        self.firewalls.forget(tag);
        // The rule that shuts goes last: a host that comes meanwhile is rather closed than open.
        let (shutting, opening): (Vec<_>, Vec<_>) = rules.into_iter().partition(|rule| rule.allowed.is_empty());
        for rule in opening.iter().chain(&shutting) {
            self.remove_rule(&rule.name).await?;
        }
        if self.is_tag_used(tag, except).await? {
            self.make_rules(&shutting).await?;
            self.make_rules(&opening).await?;
        }
        Ok(())
    }

    /// Removes one rule by its name; one that is not there is removed.
    pub(crate) async fn remove_rule(&self, name: &str) -> Result<()> {
        let removed = match self.api.delete_firewall(name).await {
            Ok(operation) => self.operations.wait(&operation).await,
            Err(error) => Err(error),
        };
        gone(removed)
    }

    /// Whether a host bears the tag, besides the one of this number, which is known to be gone.
    pub(crate) async fn is_tag_used(&self, tag: &str, except: Option<&str>) -> Result<bool> {
        let field = format!("labels.{}", labels::FIREWALL);
        let filter = all_of(&[(&field, tag)]);
        let mut users = self.api.some_instances(&filter).await?;
        while let Some(user) = users.try_next().await? {
            // A list may still show a host that is gone.
            if Some(user.id.as_str()) != except && self.is_there(&user).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn is_there(&self, instance: &Instance) -> Result<bool> {
        match self.api.get_instance(&Place::of(instance)).await {
            Ok(now) => Ok(now.id == instance.id),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The owner that a rule's description names: rules have no labels.
pub(crate) fn owner_of(rule: &Firewall) -> Option<&str> {
    labels::owner_in(&rule.description)
}

fn rule_set(owner: &Owner, network: &str, ports: &[InboundPort]) -> RuleSet {
    // One rule lets ports in from the same networks; IPv4 alone, since hosts have no other public address.
    let mut by_sources: BTreeMap<Vec<String>, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for port in ports {
        let mut sources: Vec<String> =
            port.sources().iter().filter(|net| net.addr().is_ipv4()).map(ToString::to_string).collect();
        if port.sources().is_empty() {
            sources.push(ANYWHERE.to_owned());
        }
        if !sources.is_empty() {
            let numbers = match port.first() == port.last() {
                true => port.first().to_string(),
                false => format!("{}-{}", port.first(), port.last()),
            };
            by_sources.entry(sources).or_default().entry(port.protocol().to_string()).or_default().push(numbers);
        }
    }
    for protocols in by_sources.values_mut() {
        protocols.values_mut().for_each(|ports| ports.sort_unstable());
    }
    let tag = labels::firewall_tag(owner, network, &format!("{by_sources:?}"));
    let rule = |suffix: &str, priority: u32, source_ranges: Vec<String>| Firewall {
        name: format!("{tag}-{suffix}"),
        description: format!("{}={owner} inbound ports of hosts with the tag", ownership::OWNER),
        network: network.to_owned(),
        priority,
        direction: "INGRESS".to_owned(),
        source_ranges,
        target_tags: vec![tag.clone()],
        allowed: Vec::new(),
        denied: Vec::new(),
        creation_timestamp: None,
    };
    let all = Ports { protocol: "all".to_owned(), ports: Vec::new() };
    let mut rules = vec![Firewall { denied: vec![all], ..rule("deny", SHUTTING, vec![ANYWHERE.to_owned()]) }];
    for (number, (sources, protocols)) in by_sources.into_iter().enumerate() {
        let allowed = protocols.into_iter().map(|(protocol, ports)| Ports { protocol, ports }).collect();
        rules.push(Firewall { allowed, ..rule(&format!("allow-{number}"), OPENING, sources) });
    }
    RuleSet { tag, rules }
}

const ANYWHERE: &str = "0.0.0.0/0";
/// Lower numbers weigh more; a network's default rules have 65534
/// (<https://cloud.google.com/firewall/docs/firewalls#priority_order_for_firewall_rules>).
const OPENING: u32 = 900;
const SHUTTING: u32 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ports: &[&str]) -> RuleSet {
        let ports: Vec<InboundPort> = ports.iter().map(|port| port.parse().unwrap()).collect();
        rule_set(&Owner::default(), "global/networks/default", &ports)
    }

    #[test]
    fn the_order_of_ports_does_not_matter() {
        assert_eq!(set(&["22", "80", "53/udp"]).tag, set(&["53/udp", "80", "22"]).tag);
        assert_ne!(set(&["22"]).tag, set(&["22/udp"]).tag);
    }

    #[test]
    fn ports_of_the_same_sources_are_one_rule_and_one_rule_shuts_the_rest() {
        let from = "443".parse::<InboundPort>().unwrap().from_source("192.0.2.0/24".parse().unwrap());
        let ports = ["22".parse().unwrap(), "8000-8010/udp".parse().unwrap(), from];
        let RuleSet { tag, rules } = rule_set(&Owner::default(), "global/networks/default", &ports);
        assert_eq!(rules.len(), 3);
        assert_eq!((rules[0].denied[0].protocol.as_str(), rules[0].priority), ("all", 1000));
        assert_eq!(rules[1].source_ranges, ["0.0.0.0/0"]);
        assert_eq!(rules[1].allowed.len(), 2);
        assert_eq!(rules[2].source_ranges, ["192.0.2.0/24"]);
        for rule in &rules {
            assert_eq!(rule.target_tags, [tag.as_str()]);
            assert!(rule.name.len() <= 63 && rule.priority <= 1000);
            assert_eq!(owner_of(rule), Some("default"));
        }
    }

    #[test]
    fn no_ports_at_all_leave_the_shutting_rule() {
        let rules = set(&[]).rules;
        assert_eq!(rules.len(), 1);
        assert!(rules[0].allowed.is_empty());
    }
}
