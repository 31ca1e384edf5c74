//! Operations: what every change answers with. A 200 says nothing about success; an operation that
//! is DONE with an `error` has failed.

use cloud_world::{Action, ActionError, ActionStatus, Kind};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::api::{self, Answer, Api, Target};
use super::errors::{self, ApiError};
use super::ledger::{Ledger, Operation, Scope};
use super::{links, paging};
use crate::Request;

/// `GET …/operations/{operation}` and `POST …/operations/{operation}/wait`, which the server has
/// held back before.
pub(super) fn get(api: &mut Api<'_>) -> Answer {
    let id = find(api)?;
    answer(api, id)
}

/// `GET …/operations`.
pub(super) fn list(api: &mut Api<'_>) -> Answer {
    let scope = scope(api)?;
    let shown = api.ledger.operations.iter().filter(|(_, operation)| operation.scope == scope);
    let shown = shown.map(|(id, _)| *id).collect();
    paging::list(api, "compute#operationList", shown, |_, id| (*id, name_of(api, *id)), render)
}

/// `GET …/aggregated/operations`.
pub(super) fn aggregated(api: &mut Api<'_>) -> Answer {
    let all = api.ledger.operations.iter();
    let all = all.map(|(id, operation)| (scope_key(&operation.scope), *id)).collect();
    let view = paging::View { kind: "compute#operationAggregatedList", field: "operations" };
    paging::aggregated(api, view, all, |api, id| (*id, name_of(api, *id)), render)
}

/// Until when the answer to a `wait` is held back: the operation's end, at most two minutes.
pub(super) fn hold(request: &Request, world: &cloud_world::World, now: Timestamp) -> Option<Timestamp> {
    let segments = request.segments();
    let [.., "operations", name, "wait"] = segments.as_slice() else {
        return None;
    };
    let action = world.actions.get(&id_of(name)?)?;
    let running = action.status == ActionStatus::Running;
    running.then(|| action.ends.min(now + LONGEST_WAIT))
}

/// What tells a repeated call from another: the request id with the call itself.
pub(super) fn request_key(request: &Request) -> Option<String> {
    let id = request.param("requestId")?;
    Some(format!("{} {} {}", request.method, request.path, id.to_lowercase()))
}

/// The action that a call with this request id started before.
pub(super) fn repeated(request: &Request, ledger: &Ledger) -> Result<Option<u64>, ApiError> {
    let Some(id) = request.param("requestId").filter(|_| request.is_write()) else {
        return Ok(None);
    };
    let groups: Vec<usize> = id.split('-').map(str::len).collect();
    let is_uuid = groups == [8, 4, 4, 4, 12] && id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    if !is_uuid || id.bytes().all(|byte| byte == b'-' || byte == b'0') {
        return Err(errors::invalid("requestId", format!("'{id}'. Must be a valid UUID and not the zero UUID.")));
    }
    Ok(request_key(request).and_then(|key| ledger.requests.get(&key).copied()))
}

/// Answers with the operation of an action.
pub(super) fn answer(api: &Api<'_>, action: u64) -> Answer {
    api::ok(&render(api, &action))
}

/// The error of an operation that found no room.
pub(super) fn no_capacity(api: &Api<'_>, place: &str, machine: &str, target: &Target) -> (ActionError, Value) {
    let zone = match &target.scope {
        Scope::Zone(zone) => zone.as_str(),
        _ => place,
    };
    let path = format!("projects/{}/zones/{zone}", api.project());
    let message = format!(
        "The zone '{path}' does not have enough resources available to fulfill the request.  '(resource type:compute)'."
    );
    let others: Vec<String> =
        api.zones().into_iter().filter(|other| other != zone && !api.world.is_drained(other, api.now)).collect();
    let help = json!({"links": [{
        "description": "Troubleshooting documentation",
        "url": "https://cloud.google.com/compute/docs/resource-error",
    }]});
    let text = format!("A {machine} VM instance is currently unavailable in the {zone} zone.");
    let info = json!({
        "domain": "compute.googleapis.com",
        "reason": "resource_availability",
        "metadatas": {"vmType": machine, "zone": zone, "zonesAvailable": others.join(",")},
    });
    let details = json!([
        {"help": help},
        {"localizedMessage": {"locale": "en-US", "message": text}},
        {"errorInfo": info},
    ]);
    let code = "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS".to_owned();
    (ActionError { code, message }, details)
}

/// The error of an operation that met a full quota.
pub(super) fn no_quota(kind: Kind, target: &Target) -> (ActionError, Value) {
    let place = match &target.scope {
        Scope::Zone(zone) => zone.rsplit_once('-').map_or(zone.as_str(), |(region, _)| region),
        Scope::Region(region) => region,
        Scope::Global => "global",
    };
    let metric = errors::metric(kind);
    let lower = metric.to_lowercase();
    let message = format!("Quota '{metric}' exceeded.  Limit: 24.0 in region {place}.");
    let details = json!([{"quotaInfo": {
        "metricName": format!("compute.googleapis.com/{lower}"),
        "limitName": format!("{}-per-project-region", metric.replace('_', "-")),
        "dimensions": {"region": place},
        "limit": 24.0,
    }}]);
    (ActionError { code: "QUOTA_EXCEEDED".to_owned(), message }, details)
}

fn find(api: &Api<'_>) -> Result<u64, ApiError> {
    let scope = scope(api)?;
    let name = api.param("operation");
    let id = id_of(name).or_else(|| name.parse().ok());
    let found = id.filter(|id| api.ledger.operations.get(id).is_some_and(|operation| operation.scope == scope));
    found.ok_or_else(|| errors::not_found(&format!("{}/operations/{name}", place(api.project(), &scope))))
}

fn scope(api: &Api<'_>) -> Result<Scope, ApiError> {
    if !api.param("zone").is_empty() {
        return api.zone().map(Scope::Zone);
    }
    if !api.param("region").is_empty() {
        return api.region().map(Scope::Region);
    }
    Ok(Scope::Global)
}

fn place(project: &str, scope: &Scope) -> String {
    format!("projects/{project}/{}", scope_key(scope))
}

fn scope_key(scope: &Scope) -> String {
    match scope {
        Scope::Zone(zone) => format!("zones/{zone}"),
        Scope::Region(region) => format!("regions/{region}"),
        Scope::Global => "global".to_owned(),
    }
}

fn name_of(api: &Api<'_>, id: u64) -> String {
    api.world.actions.get(&id).map_or_else(String::new, name)
}

/// The moment and the id, so that names do not repeat between runs.
fn name(action: &Action) -> String {
    format!("operation-{}-{:x}", action.started.as_millisecond(), action.id)
}

fn id_of(name: &str) -> Option<u64> {
    let (_, id) = name.strip_prefix("operation-")?.rsplit_once('-')?;
    u64::from_str_radix(id, 16).ok()
}

fn render(api: &Api<'_>, id: &u64) -> Value {
    let (Some(action), Some(operation)) = (api.world.actions.get(id), api.ledger.operations.get(id)) else {
        return Value::Null;
    };
    let place = place(&operation.project, &operation.scope);
    let name = name(action);
    let (status, progress) = status(action, api.now);
    let mut shown = json!({
        "kind": "compute#operation",
        "id": action.id.to_string(),
        "name": name,
        "operationType": operation.verb,
        "targetLink": links::full(&operation.target),
        "targetId": operation.target_id.to_string(),
        "status": status,
        "progress": progress,
        "user": if operation.verb == PREEMPTED { "system" } else { "someone@example.com" },
        "insertTime": api::moment(action.started),
        "startTime": api::moment(action.started),
        "selfLink": links::full(&format!("{place}/operations/{name}")),
    });
    match &operation.scope {
        Scope::Zone(_) => shown["zone"] = json!(links::full(&place)),
        Scope::Region(_) => shown["region"] = json!(links::full(&place)),
        Scope::Global => {}
    }
    if operation.verb == PREEMPTED {
        shown["statusMessage"] = json!("Instance was preempted.");
    }
    if let Some(request_id) = &operation.request_id {
        shown["clientOperationId"] = json!(request_id);
    }
    if status == "DONE" {
        shown["endTime"] = json!(api::moment(action.ends));
    }
    if let Some(error) = &action.error {
        fail(&mut shown, error, operation);
    }
    shown
}

fn fail(shown: &mut Value, error: &ActionError, operation: &Operation) {
    let (status, message) = match error.code.as_str() {
        code if code.contains("QUOTA") => (403, "FORBIDDEN"),
        code if code.contains("EXHAUSTED") || code.contains("CAPACITY") => (503, "SERVICE UNAVAILABLE"),
        "PERMISSIONS_ERROR" => (403, "FORBIDDEN"),
        "RESOURCE_NOT_FOUND" => (404, "NOT FOUND"),
        "RESOURCE_ALREADY_EXISTS" => (409, "CONFLICT"),
        "CONDITION_NOT_MET" => (412, "PRECONDITION FAILED"),
        "INTERNAL_ERROR" => (500, "INTERNAL SERVER ERROR"),
        _ => (400, "BAD REQUEST"),
    };
    let mut cause = json!({"code": error.code, "message": error.message});
    if !operation.details.is_null() {
        cause["errorDetails"] = operation.details.clone();
    }
    shown["error"] = json!({"errors": [cause]});
    shown["httpErrorStatusCode"] = json!(status);
    shown["httpErrorMessage"] = json!(message);
}

/// PENDING for the first tenth of its time, then RUNNING, then DONE.
fn status(action: &Action, now: Timestamp) -> (&'static str, i64) {
    if action.status != ActionStatus::Running {
        return ("DONE", 100);
    }
    let whole = action.ends.duration_since(action.started).as_millis().max(1);
    let done = now.duration_since(action.started).as_millis().max(0);
    let percent = i64::try_from(done * 100 / whole).unwrap_or(99).min(99);
    if percent < 10 { ("PENDING", 0) } else { ("RUNNING", percent) }
}

/// What an operation is called by which the provider takes a spot instance away.
pub(super) const PREEMPTED: &str = "compute.instances.preempted";

const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(2);
