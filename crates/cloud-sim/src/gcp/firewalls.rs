//! `firewalls`: rules of a network, applied to instances by their tags.

use cloud_world::{Command, Direction, Firewall, FirewallRule, Labels, WorldError};
use serde_json::{Map, Value, json};

use super::api::{self, Answer, Api, Target};
use super::body;
use super::errors::{self, ApiError};
use super::links::{self, Link};
use super::{names, paging};
use crate::face::Fields;

/// `GET …/global/firewalls`.
pub(super) fn list(api: &mut Api<'_>) -> Answer {
    let firewalls = api.world.firewalls.listed(api.now).collect();
    let key = |_: &Api<'_>, firewall: &&Firewall| (firewall.id, firewall.name.clone());
    paging::list(api, "compute#firewallList", firewalls, key, |api, firewall| render(api, firewall))
}

/// `GET …/global/firewalls/{firewall}`.
pub(super) fn get(api: &mut Api<'_>) -> Answer {
    let id = seen(api)?;
    api::ok(&render(api, api.world.firewalls.find(id)?))
}

/// `POST …/global/firewalls`.
pub(super) fn insert(api: &mut Api<'_>) -> Answer {
    let body = api.body()?;
    body.only(FIREWALL)?;
    let name = body::name(&body)?;
    let settings = settings(api, &body, body.as_map().clone())?;
    let path = links::global(api.project(), "firewalls", &name);
    let id = match api.world.create_firewall(&name, rules(&settings), Labels::new(), api.now) {
        Err(WorldError::NameTaken { .. }) => return Err(errors::already_exists(&path)),
        other => other?,
    };
    api.ledger.firewalls.insert(id, settings);
    done(api, Command::ApplyFirewall, "insert", id)
}

/// `PATCH …/global/firewalls/{firewall}`: what is not sent stays.
pub(super) fn patch(api: &mut Api<'_>) -> Answer {
    let id = seen(api)?;
    let body = api.body()?;
    body.only(FIREWALL)?;
    let mut merged = api.ledger.firewalls.get(&id).cloned().unwrap_or_default();
    merged.extend(body.as_map().clone());
    let settings = settings(api, &body, merged)?;
    let rules = rules(&settings);
    api.ledger.firewalls.insert(id, settings);
    let target = target(api, "patch", id)?;
    let outcome = api.world.set_firewall_rules(id, rules, api.now);
    api.outcome(outcome, Command::SetFirewallRules, target)
}

/// `DELETE …/global/firewalls/{firewall}`.
pub(super) fn delete(api: &mut Api<'_>) -> Answer {
    let id = seen(api)?;
    let target = target(api, "delete", id)?;
    let outcome = api.world.begin_delete_firewall(id, api.now);
    api.outcome(outcome, Command::DeleteFirewall, target)
}

fn done(api: &mut Api<'_>, command: Command, verb: &'static str, id: u64) -> Answer {
    let target = target(api, verb, id)?;
    let outcome = api.world.note(command, &[], api.now);
    api.outcome(outcome, command, target)
}

/// The settings with their defaults filled in, once they are checked.
fn settings(api: &Api<'_>, sent: &Fields, mut all: Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    let network = sent.text("network")?.unwrap_or("global/networks/default");
    if Link::name_in(network, "networks", None).as_deref() != Some("default") {
        let text = format!("'{network}'. The referenced network resource cannot be found.");
        return Err(errors::invalid(&sent.field("network"), text));
    }
    for name in ["targetTags", "sourceTags"] {
        names::check_tags(&sent.field(name), &sent.texts(name)?)?;
    }
    for name in ["allowed", "denied"] {
        for rule in sent.objects(name)? {
            rule.only(&["IPProtocol", "ports"])?;
            rule.required_text("IPProtocol")?;
            check_ports(&rule)?;
        }
    }
    let has = |name: &str| all.get(name).and_then(Value::as_array).is_some_and(|rules| !rules.is_empty());
    if has("allowed") == has("denied") {
        let text = "''. Exactly one of allowed and denied must be specified.";
        return Err(errors::invalid(&sent.field("allowed"), text));
    }
    check_ranges(sent)?;
    all.insert("network".to_owned(), json!(links::full(&links::global(api.project(), "networks", "default"))));
    all.entry("direction").or_insert_with(|| json!("INGRESS"));
    all.entry("priority").or_insert_with(|| json!(1000));
    all.entry("disabled").or_insert_with(|| json!(false));
    all.entry("logConfig").or_insert_with(|| json!({"enable": false}));
    if all["direction"] == "INGRESS" && !all.contains_key("sourceRanges") && !all.contains_key("sourceTags") {
        all.insert("sourceRanges".to_owned(), json!(["0.0.0.0/0"]));
    }
    Ok(all)
}

/// Each is a number or a range such as `80-85`.
fn check_ports(rule: &Fields) -> Result<(), ApiError> {
    for port in rule.texts("ports")? {
        let (from, to) = port.split_once('-').unwrap_or((&port, &port));
        let fits = match (from.parse::<u16>(), to.parse::<u16>()) {
            (Ok(from), Ok(to)) => from <= to,
            _ => false,
        };
        if !fits {
            return Err(errors::invalid(
                &rule.field("ports"),
                format!("'{port}'. Ports must be an integer or a range."),
            ));
        }
    }
    Ok(())
}

/// Networks of both versions cannot be in one rule.
fn check_ranges(sent: &Fields) -> Result<(), ApiError> {
    for name in ["sourceRanges", "destinationRanges"] {
        let ranges = sent.texts(name)?;
        for range in &ranges {
            let (ip, bits) = range.split_once('/').unwrap_or((range, "32"));
            let fits = ip.parse::<std::net::IpAddr>().is_ok() && bits.parse::<u8>().is_ok_and(|bits| bits <= 128);
            if !fits {
                return Err(errors::invalid(
                    &sent.field(name),
                    format!("'{range}'. Must be a valid IP address range."),
                ));
            }
        }
        let v6 = ranges.iter().filter(|range| range.contains(':')).count();
        if v6 > 0 && v6 < ranges.len() {
            let text = "''. IPv4 and IPv6 ranges cannot be mixed in one firewall.";
            return Err(errors::invalid(&sent.field(name), text));
        }
    }
    Ok(())
}

/// The world's words for the rules.
fn rules(settings: &Map<String, Value>) -> Vec<FirewallRule> {
    let texts = |value: Option<&Value>| -> Vec<String> {
        let values = value.and_then(Value::as_array).into_iter().flatten();
        values.filter_map(|value| value.as_str().map(str::to_owned)).collect()
    };
    let allowed = settings.get("allowed").and_then(Value::as_array).into_iter().flatten();
    let direction = match settings.get("direction").and_then(Value::as_str) {
        Some("EGRESS") => Direction::Out,
        _ => Direction::In,
    };
    let mut rules = Vec::new();
    for rule in allowed {
        let ports = texts(rule.get("ports")).into_iter().map(Some).collect::<Vec<_>>();
        for port in if ports.is_empty() { vec![None] } else { ports } {
            rules.push(FirewallRule {
                direction,
                protocol: rule["IPProtocol"].as_str().unwrap_or_default().to_owned(),
                port,
                sources: texts(settings.get("sourceRanges")),
                destinations: texts(settings.get("destinationRanges")),
                description: None,
            });
        }
    }
    rules
}

fn seen(api: &Api<'_>) -> Result<u64, ApiError> {
    let name = api.param("firewall");
    let mut named = api.world.firewalls.named(name);
    let found = named.find(|firewall| api.sees(&api.world.firewalls, firewall.id));
    found.map(|firewall| firewall.id).ok_or_else(|| errors::not_found(&links::global(api.project(), "firewalls", name)))
}

fn target(api: &Api<'_>, verb: &'static str, id: u64) -> Result<Target, ApiError> {
    Ok(api.global(verb, "firewalls", &api.world.firewalls.find(id)?.name, id))
}

fn render(api: &Api<'_>, firewall: &Firewall) -> Value {
    let mut shown = api.ledger.firewalls.get(&firewall.id).cloned().unwrap_or_default();
    shown.insert("kind".to_owned(), json!("compute#firewall"));
    shown.insert("id".to_owned(), json!(firewall.id.to_string()));
    shown.insert("name".to_owned(), json!(firewall.name));
    shown.insert("creationTimestamp".to_owned(), json!(api::moment(firewall.created)));
    let path = links::global(api.project(), "firewalls", &firewall.name);
    shown.insert("selfLink".to_owned(), json!(links::full(&path)));
    Value::Object(shown)
}

#[rustfmt::skip]
const FIREWALL: &[&str] = &[
    "allowed", "creationTimestamp", "denied", "description", "destinationRanges", "direction", "disabled", "id", "kind",
    "logConfig", "name", "network", "priority", "selfLink", "sourceRanges", "sourceServiceAccounts", "sourceTags",
    "targetServiceAccounts", "targetTags",
];
