//! `/firewalls` and their actions.

use cloud_world::{Command, Firewall, Kind, WorldError};
use serde_json::{Value, json};

use super::api::{self, Answer, Api};
use super::errors::{self, ApiError};
use super::labels::Selector;
use super::{firewall_rules, paging, render};
use crate::face::Gathering;

/// What a firewall is applied to or taken off.
enum Target {
    Server(u64),
    Labels(String),
}

/// `GET /firewalls`.
pub(super) fn list(api: &mut Api<'_>) -> Answer {
    let request = api.request;
    let selector = Selector::of(request)?;
    let name = request.param("name");
    let mut firewalls: Vec<&Firewall> =
        api.world.firewalls.search(name, api.now).filter(|firewall| selector.matches(&firewall.labels)).collect();
    paging::sort(request, &mut firewalls, &["id", "name", "created"])?;
    paging::page(request, "firewalls", firewalls, |firewall| write(api, firewall))
}

/// `GET /firewalls/{id}`.
pub(super) fn get(api: &mut Api<'_>) -> Answer {
    let firewall = api.seen(&api.world.firewalls)?;
    answer(api, firewall)
}

/// `POST /firewalls`.
pub(super) fn create(api: &mut Api<'_>) -> Answer {
    let mut fields = api.fields()?;
    let name = fields.required_text("name");
    check_name(&mut fields, Some(&name));
    let labels = api::labels(&mut fields).unwrap_or_default();
    let rules = firewall_rules::read(&mut fields, "rules");
    let targets = targets(&mut fields, "apply_to");
    fields.done()?;
    check_targets(api, &targets)?;
    let firewall = api.world.create_firewall(&name, rules, labels, api.now)?;
    let set = api.world.note(Command::SetFirewallRules, &[(Kind::Firewall, firewall)], api.now)?;
    let mut actions = vec![api.action(set)];
    actions.extend(apply(api, firewall, targets)?);
    let firewall = write(api, api.world.firewalls.find(firewall)?);
    api::created(&json!({"firewall": firewall, "actions": actions}))
}

/// `PUT /firewalls/{id}`.
pub(super) fn update(api: &mut Api<'_>) -> Answer {
    let firewall = api.seen(&api.world.firewalls)?;
    let mut fields = api.fields()?;
    let name = fields.text("name");
    check_name(&mut fields, name.as_deref());
    let labels = api::labels(&mut fields);
    fields.done()?;
    if let Some(name) = name {
        api.world.rename_firewall(firewall, &name)?;
    }
    if let Some(labels) = labels {
        api.world.firewalls.find_mut(firewall)?.labels = labels;
    }
    answer(api, firewall)
}

/// `DELETE /firewalls/{id}`: it must apply to nothing.
pub(super) fn delete(api: &mut Api<'_>) -> Answer {
    let firewall = api.seen(&api.world.firewalls)?;
    api.world.delete_firewall(firewall, api.now)?;
    api::no_content()
}

/// `POST /firewalls/{id}/actions/set_rules`.
pub(super) fn set_rules(api: &mut Api<'_>) -> Answer {
    let firewall = api.seen(&api.world.firewalls)?;
    let mut fields = api.fields()?;
    if !fields.has("rules") {
        fields.miss("rules");
    }
    let rules = firewall_rules::read(&mut fields, "rules");
    fields.done()?;
    let action = api.world.set_firewall_rules(firewall, rules, api.now)?;
    api::created(&json!({"actions": [api.action(action)]}))
}

/// `POST /firewalls/{id}/actions/apply_to_resources`.
pub(super) fn apply_to_resources(api: &mut Api<'_>) -> Answer {
    let firewall = api.seen(&api.world.firewalls)?;
    let mut fields = api.fields()?;
    let targets = required_targets(&mut fields, "apply_to");
    fields.done()?;
    check_targets(api, &targets)?;
    let actions = apply(api, firewall, targets)?;
    api::created(&json!({"actions": actions}))
}

/// `POST /firewalls/{id}/actions/remove_from_resources`.
pub(super) fn remove_from_resources(api: &mut Api<'_>) -> Answer {
    let firewall = api.seen(&api.world.firewalls)?;
    let mut fields = api.fields()?;
    let targets = required_targets(&mut fields, "remove_from");
    fields.done()?;
    let actions = remove(api, firewall, targets)?;
    api::created(&json!({"actions": actions}))
}

fn apply(api: &mut Api<'_>, id: u64, targets: Vec<Target>) -> Result<Vec<Value>, ApiError> {
    let mut actions = Vec::new();
    for target in targets {
        let action = match target {
            Target::Server(host) => match api.world.apply_firewall(id, host, api.now) {
                Err(WorldError::InUse { .. }) => {
                    let message = "firewall was already applied on resource";
                    return Err(errors::unprocessable("firewall_already_applied", message));
                }
                other => other?,
            },
            Target::Labels(selector) => {
                let firewall = api.world.firewalls.find_mut(id)?;
                if !firewall.selectors.contains(&selector) {
                    firewall.selectors.push(selector);
                }
                note(api, Command::ApplyFirewall, id)?
            }
        };
        actions.push(api.action(action));
    }
    Ok(actions)
}

fn remove(api: &mut Api<'_>, id: u64, targets: Vec<Target>) -> Result<Vec<Value>, ApiError> {
    let missing = || {
        let message = "firewall resource not found";
        errors::unprocessable("firewall_resource_not_found", message)
    };
    let mut actions = Vec::new();
    for target in targets {
        let action = match target {
            Target::Server(host) => match api.world.remove_firewall(id, host, api.now) {
                Err(WorldError::NotFound { .. }) => return Err(missing()),
                other => other?,
            },
            Target::Labels(selector) => {
                let selectors = &mut api.world.firewalls.find_mut(id)?.selectors;
                let at = selectors.iter().position(|other| *other == selector);
                selectors.remove(at.ok_or_else(missing)?);
                note(api, Command::RemoveFirewall, id)?
            }
        };
        actions.push(api.action(action));
    }
    Ok(actions)
}

fn note(api: &mut Api<'_>, command: Command, firewall: u64) -> Result<u64, ApiError> {
    let on_firewall = [(Kind::Firewall, firewall)];
    Ok(api.world.note(command, &on_firewall, api.now)?)
}

fn required_targets(fields: &mut Gathering, name: &str) -> Vec<Target> {
    if !fields.has(name) {
        fields.miss(name);
    }
    targets(fields, name)
}

fn targets(fields: &mut Gathering, name: &str) -> Vec<Target> {
    let mut targets = Vec::new();
    for mut entry in fields.objects(name).unwrap_or_default() {
        let kind = entry.required_text("type");
        let inner = entry.object(&kind);
        match (kind.as_str(), inner) {
            ("server", Some(mut server)) => {
                targets.push(Target::Server(server.required_number("id")));
                entry.adopt(server);
            }
            ("label_selector", Some(mut labels)) => {
                let selector = labels.required_text("selector");
                if Selector::parse(&selector).is_none() {
                    labels.problem("selector", "label selector is malformed");
                }
                targets.push(Target::Labels(selector));
                entry.adopt(labels);
            }
            _ => entry.problem("type", "must be server or label_selector, with its object"),
        }
        fields.adopt(entry);
    }
    targets
}

fn check_targets(api: &Api<'_>, targets: &[Target]) -> Result<(), ApiError> {
    for target in targets {
        if let Target::Server(host) = target {
            let known = api.world.hosts.find(*host);
            known.map_err(|_| {
                let message = "firewall resource not found";
                errors::unprocessable("firewall_resource_not_found", message)
            })?;
        }
    }
    Ok(())
}

fn check_name(fields: &mut Gathering, name: Option<&str>) {
    if name.is_some_and(|name| name.is_empty() || name.len() > 128) {
        fields.problem("name", "must be 1 to 128 characters");
    }
}

fn write(api: &Api<'_>, firewall: &Firewall) -> Value {
    let rules: Vec<Value> = firewall.rules.iter().map(firewall_rules::render).collect();
    json!({
        "id": firewall.id,
        "name": firewall.name,
        "labels": firewall.labels,
        "created": render::moment(firewall.created),
        "rules": rules,
        "applied_to": applied_to(api, firewall),
    })
}

fn applied_to(api: &Api<'_>, firewall: &Firewall) -> Vec<Value> {
    let server = |id: u64| json!({"type": "server", "server": {"id": id}});
    let directly = api.world.hosts.iter();
    let directly = directly.filter(|host| host.firewalls.contains(&firewall.id));
    let mut applied: Vec<Value> = directly.map(|host| server(host.id)).collect();
    for (text, selector) in firewall.selectors.iter().zip(render::selectors(firewall)) {
        let hosts = api.world.hosts.iter();
        let selected: Vec<Value> =
            hosts.filter(|host| selector.matches(&host.labels)).map(|host| server(host.id)).collect();
        applied.push(json!({
            "type": "label_selector",
            "label_selector": {"selector": text},
            "applied_to_resources": selected,
        }));
    }
    applied
}

fn answer(api: &Api<'_>, firewall: u64) -> Answer {
    let firewall = write(api, api.world.firewalls.find(firewall)?);
    api::ok(&json!({"firewall": firewall}))
}
