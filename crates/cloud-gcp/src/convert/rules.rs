//! Firewall rules: one set for the ports of a host. They have no labels, so that their description says whose they are.

use std::collections::BTreeMap;

use cloud_types::{InboundPort, Owner};

use crate::labels;
use crate::wire::{Firewall, Ports};

/// The rules of one host, and the tag that binds them to it. First the one that shuts everything.
#[derive(Debug)]
pub(crate) struct RuleSet {
    pub(crate) tag: String,
    pub(crate) rules: Vec<Firewall>,
}

impl RuleSet {
    /// The rules that let these ports in and nothing else.
    pub(crate) fn new(owner: &Owner, network: &str, ports: &[InboundPort]) -> Self {
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
            description: labels::description(owner, "inbound ports of hosts with the tag"),
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
        Self { tag, rules }
    }

    /// Those of these rules that this library made for the tag.
    pub(crate) fn of(tag: &str, all: Vec<Firewall>) -> Self {
        let mut rules = all;
        rules.retain(|rule| rule.target_tags.iter().any(|target| target == tag) && owner_of(rule).is_some());
        rules.sort_by_key(|rule| !rule.allowed.is_empty());
        Self { tag: tag.to_owned(), rules }
    }
}

/// Whether a rule is this owner's.
pub(crate) fn is_rule_of(rule: &Firewall, owner: &Owner) -> bool {
    owner_of(rule) == Some(owner.as_str())
}

fn owner_of(rule: &Firewall) -> Option<&str> {
    labels::owner_in(&rule.description)
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
        RuleSet::new(&Owner::default(), "global/networks/default", &ports)
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
        let RuleSet { tag, rules } = RuleSet::new(&Owner::default(), "global/networks/default", &ports);
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
