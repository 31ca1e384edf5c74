//! The rules of security groups: read, added, taken away and written.

use cloud_world::{Direction, FirewallRule, Labels};

use super::api::{ACCOUNT, Answer, Api};
use super::errors::{self, ApiError};
use super::filter::{self, Row};
use super::group_rule_fields::{duplicate, read};
use super::xml::{Xml, fields};
use super::{groups, ids, tags};

/// One rule: one protocol, one range of ports, one other side.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) number: u64,
    pub(super) egress: bool,
    pub(super) protocol: String,
    pub(super) ports: Option<(i32, i32)>,
    pub(super) peer: Peer,
    pub(super) description: Option<String>,
    pub(super) tags: Labels,
}

/// The other side of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Peer {
    V4(String),
    V6(String),
    Group(u64),
}

impl Rule {
    /// What lets everything out, which each group begins with.
    pub(super) fn all_out(number: u64) -> Self {
        Self {
            number,
            egress: true,
            protocol: "-1".to_owned(),
            ports: None,
            peer: Peer::V4("0.0.0.0/0".to_owned()),
            description: None,
            tags: Labels::new(),
        }
    }

    /// Whether it says the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.egress == other.egress
            && self.protocol == other.protocol
            && self.ports == other.ports
            && self.peer == other.peer
    }

    /// The world's words for it.
    fn in_world(&self) -> FirewallRule {
        let peer = match &self.peer {
            Peer::V4(network) | Peer::V6(network) => network.clone(),
            Peer::Group(group) => ids::id("sg", *group),
        };
        let peers = vec![peer];
        FirewallRule {
            direction: if self.egress { Direction::Out } else { Direction::In },
            protocol: self.protocol.clone(),
            port: self.ports.map(|(from, to)| if from == to { from.to_string() } else { format!("{from}-{to}") }),
            sources: if self.egress { Vec::new() } else { peers.clone() },
            destinations: if self.egress { peers } else { Vec::new() },
            description: self.description.clone(),
        }
    }
}

pub(super) fn authorize_ingress(api: &mut Api<'_>) -> Answer {
    authorize(api, false)
}

pub(super) fn authorize_egress(api: &mut Api<'_>) -> Answer {
    authorize(api, true)
}

pub(super) fn revoke_ingress(api: &mut Api<'_>) -> Answer {
    revoke(api, false)
}

pub(super) fn revoke_egress(api: &mut Api<'_>) -> Answer {
    revoke(api, true)
}

/// `DescribeSecurityGroupRules`.
pub(super) fn describe(api: &mut Api<'_>) -> Answer {
    let api = &*api;
    let named = api.params.texts("SecurityGroupRuleId");
    let groups = api.ledger.groups.iter().filter(|(_, group)| group.place == api.place);
    let all: Vec<(u64, Rule)> =
        groups.flat_map(|(number, group)| group.rules.iter().map(|rule| (*number, rule.clone()))).collect();
    if let Some(id) = named.iter().find(|id| !all.iter().any(|(_, rule)| ids::id("sgr", rule.number) == **id)) {
        ids::number("sgr", id)?;
        return Err(errors::not_found("sgr", id));
    }
    let wanted = all.iter().filter(|(_, rule)| named.is_empty() || named.contains(&ids::id("sgr", rule.number)));
    let rows = wanted.map(|(group, rule)| {
        Row::new(rule.number, |filter| {
            Some(match filter {
                "group-id" => vec![ids::id("sg", *group)],
                "security-group-rule-id" => vec![ids::id("sgr", rule.number)],
                _ => return filter::tag_values(&rule.tags, filter),
            })
        })
        .showing(|_| render(*group, rule))
    });
    let (shown, next) = filter::page(api, rows.collect(), "SecurityGroupRuleId")?;
    Ok(fields! { "securityGroupRuleSet" => shown, "nextToken" => next })
}

/// Rules as a group writes them: those of one protocol and range together.
pub(super) fn permissions(api: &Api<'_>, rules: &[Rule], egress: bool) -> Vec<Xml> {
    let mut kinds: Vec<(&str, Option<(i32, i32)>)> = Vec::new();
    for rule in rules.iter().filter(|rule| rule.egress == egress) {
        if !kinds.contains(&(rule.protocol.as_str(), rule.ports)) {
            kinds.push((rule.protocol.as_str(), rule.ports));
        }
    }
    let permission = |(protocol, ports): (&str, Option<(i32, i32)>)| {
        let (mut v4, mut v6, mut by_group) = (Vec::new(), Vec::new(), Vec::new());
        let same = |rule: &&Rule| rule.egress == egress && rule.protocol == protocol && rule.ports == ports;
        for rule in rules.iter().filter(same) {
            let text = rule.description.as_deref();
            match &rule.peer {
                Peer::V4(network) => v4.push(fields! { "cidrIp" => network.as_str(), "description" => text }),
                Peer::V6(network) => v6.push(fields! { "cidrIpv6" => network.as_str(), "description" => text }),
                Peer::Group(group) => by_group.push(fields! {
                    "groupId" => ids::id("sg", *group),
                    "groupName" => groups::name_of(api, *group),
                    "userId" => ACCOUNT,
                    "description" => text,
                }),
            }
        }
        fields! {
            "ipProtocol" => protocol,
            "fromPort" => ports.map(|ports| ports.0),
            "toPort" => ports.map(|ports| ports.1),
            "groups" => by_group,
            "ipRanges" => v4,
            "ipv6Ranges" => v6,
            "prefixListIds" => Vec::<Xml>::new(),
        }
    };
    kinds.into_iter().map(permission).collect()
}

fn authorize(api: &mut Api<'_>, egress: bool) -> Answer {
    let number = groups::of_call(api)?;
    let labels = tags::of_one(&api.params, "security-group-rule")?;
    let mut rules = read(api, egress)?;
    if rules.is_empty() {
        return Err(errors::missing("IpPermissions"));
    }
    let Some(group) = api.ledger.groups.get(&number) else {
        return Err(errors::not_found("sg", &ids::id("sg", number)));
    };
    if let Some(known) = rules.iter().find(|rule| group.rules.iter().any(|known| known.is_same(rule))) {
        return Err(duplicate(known));
    }
    if group.rules.len() + rules.len() > MOST_RULES {
        let message = "The maximum number of rules per security group has been reached.";
        return Err(ApiError::new("RulesPerSecurityGroupLimitExceeded", message));
    }
    for rule in &mut rules {
        rule.number = api.ledger.fresh_number();
        rule.tags.clone_from(&labels);
    }
    let shown: Vec<Xml> = rules.iter().map(|rule| render(number, rule)).collect();
    if let Some(group) = api.ledger.groups.get_mut(&number) {
        group.rules.extend(rules);
    }
    mirror(api, number);
    Ok(fields! { "return" => true, "securityGroupRuleSet" => shown })
}

fn revoke(api: &mut Api<'_>, egress: bool) -> Answer {
    let number = groups::of_call(api)?;
    let mut gone = Vec::new();
    let rules = api.ledger.groups.get(&number).map(|group| group.rules.clone()).unwrap_or_default();
    for id in api.params.texts("SecurityGroupRuleId") {
        let wanted = ids::number("sgr", &id)?;
        let found = rules.iter().find(|rule| rule.number == wanted && rule.egress == egress);
        gone.push(found.ok_or_else(|| errors::not_found("sgr", &id))?.number);
    }
    let mut unknown = false;
    for sent in read(api, egress)? {
        match rules.iter().find(|rule| rule.is_same(&sent)) {
            Some(rule) => gone.push(rule.number),
            None => unknown = true,
        }
    }
    if gone.is_empty() && !unknown {
        return Err(errors::missing("IpPermissions"));
    }
    if unknown {
        let message = "The specified rule does not exist in this security group.";
        return Err(ApiError::new("InvalidPermission.NotFound", message));
    }
    let revoked = rules.iter().filter(|rule| gone.contains(&rule.number)).map(|rule| render_revoked(number, rule));
    let revoked: Vec<Xml> = revoked.collect();
    if let Some(group) = api.ledger.groups.get_mut(&number) {
        group.rules.retain(|rule| !gone.contains(&rule.number));
    }
    mirror(api, number);
    Ok(fields! { "return" => true, "revokedSecurityGroupRuleSet" => revoked })
}

/// Keeps the world's rules as the group's are.
fn mirror(api: &mut Api<'_>, number: u64) {
    let rules = api.ledger.groups.get(&number).map(|group| group.rules.iter().map(Rule::in_world).collect());
    if let (Ok(firewall), Some(rules)) = (api.world.firewalls.find_mut(number), rules) {
        firewall.rules = rules;
    }
}

fn render(group: u64, rule: &Rule) -> Xml {
    let mut shown = head(group, rule);
    shown.push("groupOwnerId", ACCOUNT);
    if let Peer::Group(other) = &rule.peer {
        shown.push("referencedGroupInfo", fields! { "groupId" => ids::id("sg", *other), "userId" => ACCOUNT });
    }
    shown.push("tagSet", filter::tag_set(&rule.tags));
    shown
}

fn render_revoked(group: u64, rule: &Rule) -> Xml {
    let mut shown = head(group, rule);
    if let Peer::Group(other) = &rule.peer {
        shown.push("referencedGroupId", ids::id("sg", *other));
    }
    shown
}

fn head(group: u64, rule: &Rule) -> Xml {
    let (v4, v6) = match &rule.peer {
        Peer::V4(network) => (Some(network.as_str()), None),
        Peer::V6(network) => (None, Some(network.as_str())),
        Peer::Group(_) => (None, None),
    };
    fields! {
        "securityGroupRuleId" => ids::id("sgr", rule.number),
        "groupId" => ids::id("sg", group),
        "isEgress" => rule.egress,
        "ipProtocol" => rule.protocol.as_str(),
        "fromPort" => rule.ports.map_or(-1, |ports| ports.0),
        "toPort" => rule.ports.map_or(-1, |ports| ports.1),
        "cidrIpv4" => v4,
        "cidrIpv6" => v6,
        "description" => rule.description.as_deref(),
    }
}

const MOST_RULES: usize = 120;
