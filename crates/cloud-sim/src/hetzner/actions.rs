//! Actions, alone and by resource.

use cloud_world::{Action, ActionStatus, Kind};
use serde_json::{Value, json};

use super::api::{self, Answer, Api};
use super::errors::{self, ApiError};
use super::{paging, render};

/// `GET /actions?id=…`: ids are required, and those that do not exist are left out.
pub(super) fn list_by_id(api: &mut Api<'_>) -> Answer {
    let ids: Option<Vec<u64>> = api.request.params("id").map(|id| id.parse().ok()).collect();
    let ids = ids.filter(|ids| !ids.is_empty());
    let Some(ids) = ids else {
        return Err(errors::invalid("id", "at least one id is required"));
    };
    let found: Vec<Value> =
        ids.iter().filter_map(|id| api.world.action(*id).ok()).map(|action| render::action(action, api.now)).collect();
    api::ok(&json!({"actions": found}))
}

/// `GET /actions/{id}`.
pub(super) fn get(api: &mut Api<'_>) -> Answer {
    let action = api.world.action(api.id()?)?;
    api::ok(&json!({"action": render::action(action, api.now)}))
}

/// `GET /servers/actions` and the like.
pub(super) fn list_of_kind(api: &mut Api<'_>) -> Answer {
    let (kind, actions) = (api.kind(), api.world.actions.values());
    list(api, actions.filter(|action| touches(action, kind, None)))
}

/// `GET /servers/actions/{id}` and the like.
pub(super) fn get_of_kind(api: &mut Api<'_>) -> Answer {
    get_if(api, "id", |action| touches(action, api.kind(), None))
}

/// `GET /servers/{id}/actions` and the like.
pub(super) fn list_of_one(api: &mut Api<'_>) -> Answer {
    let resource = api.id()?;
    list(api, api.world.actions_on(api.kind(), resource))
}

/// `GET /servers/{id}/actions/{action_id}` and the like.
pub(super) fn get_of_one(api: &mut Api<'_>) -> Answer {
    let resource = api.id()?;
    get_if(api, "action_id", |action| touches(action, api.kind(), Some(resource)))
}

/// `POST /servers/{id}/actions/…` and the like, by a name that no action has.
pub(super) fn unknown(api: &mut Api<'_>) -> Answer {
    match api.kind() {
        Kind::Volume => api.seen(&api.world.volumes)?,
        Kind::Address => api.seen(&api.world.addresses)?,
        Kind::Firewall => api.seen(&api.world.firewalls)?,
        _ => api.seen(&api.world.hosts)?,
    };
    Err(errors::unknown_path())
}

fn get_if(api: &Api<'_>, parameter: &str, fits: impl Fn(&Action) -> bool) -> Answer {
    let action = api.world.action(api.number(parameter)?)?;
    if !fits(action) {
        return Err(errors::not_found("action", api.path.get(parameter)));
    }
    api::ok(&json!({"action": render::action(action, api.now)}))
}

fn touches(action: &Action, kind: Kind, id: Option<u64>) -> bool {
    action.resources.iter().any(|(other, resource)| *other == kind && id.is_none_or(|id| id == *resource))
}

fn list<'a>(api: &Api<'_>, actions: impl Iterator<Item = &'a Action>) -> Answer {
    let statuses = paging::choices(api.request, "status", &["running", "success", "error"])?;
    let mut found: Vec<&Action> =
        actions.filter(|action| statuses.is_empty() || statuses.contains(&status(action))).collect();
    sort(api, &mut found)?;
    paging::page(api.request, "actions", found, |action| render::action(action, api.now))
}

fn sort(api: &Api<'_>, actions: &mut [&Action]) -> Result<(), ApiError> {
    let sorts: Vec<&str> = api.request.params("sort").collect();
    for sort in sorts.into_iter().rev() {
        let (field, direction) = sort.split_once(':').unwrap_or((sort, "asc"));
        match field {
            "id" | "started" => actions.sort_by_key(|action| action.id),
            "command" => actions.sort_by_key(|action| super::words::command(action.command)),
            "status" => actions.sort_by_key(|action| status(action)),
            "finished" => actions.sort_by_key(|action| action.finished()),
            "progress" => actions.sort_by_key(|action| action.progress(api.now)),
            _ => return Err(errors::invalid("sort", format!("cannot sort by '{sort}'"))),
        }
        if direction == "desc" {
            actions.reverse();
        }
    }
    Ok(())
}

pub(super) fn status(action: &Action) -> &'static str {
    match action.status {
        ActionStatus::Running => "running",
        ActionStatus::Success => "success",
        ActionStatus::Error => "error",
    }
}
