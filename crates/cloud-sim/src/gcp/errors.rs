//! Error bodies: of calls, <https://cloud.google.com/compute/docs/api/how-tos/error-codes>, and of
//! failed operations.

use cloud_world::{HostState, Kind, WorldError};
use http::StatusCode;
use serde_json::{Value, json};

use crate::Reply;
use crate::face::{Expected, Problem};

/// An error answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ApiError {
    pub(super) status: u16,
    pub(super) reason: &'static str,
    domain: &'static str,
    message: String,
    details: Value,
}

impl ApiError {
    fn new(status: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { status, reason, domain: "global", message: message.into(), details: Value::Null }
    }

    pub(super) fn into_reply(self) -> Reply {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let cause = json!({"message": self.message, "domain": self.domain, "reason": self.reason});
        let mut error = json!({"code": self.status, "message": self.message, "errors": [cause]});
        if let Some(word) = canonical(self.status) {
            error["status"] = json!(word);
        }
        if !self.details.is_null() {
            error["details"] = self.details;
        }
        Reply::json(status, &json!({"error": error}))
    }
}

impl From<WorldError> for ApiError {
    fn from(error: WorldError) -> Self {
        match error {
            WorldError::NotFound { kind, id } => not_found(&format!("{kind} {id}")),
            WorldError::NameTaken { kind } => already_exists(&kind.to_string()),
            WorldError::KeyTaken => invalid("metadata", "the key is already used"),
            WorldError::Locked { kind, id } => not_ready(&format!("{kind} {id}")),
            WorldError::Protected { id, .. } => invalid(
                "deletionProtection",
                format!("Resource cannot be deleted if it's protected against deletion. Instance {id}"),
            ),
            WorldError::WrongState { state, wanted, .. } => wrong_state(state, wanted),
            WorldError::QuotaFull { kind } => quota(kind),
            WorldError::NoCapacity { region, .. } => {
                Self::new(503, "resourcePoolExhausted", format!("'{region}' does not have enough resources"))
            }
            WorldError::Invalid { field, rule } => invalid(field, rule),
            WorldError::InUse { kind, id } => in_use(&format!("{kind} {id}"), "another resource"),
        }
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::NoJson(reason) => bad_json(reason),
            Problem::NoObject => bad_json("Unknown name: the root element must be a message."),
            Problem::WrongType { field, expected } => {
                bad_json(format!("Invalid value at '{field}': must be {}", kind(expected)))
            }
            Problem::Missing { field } => required(&field),
            Problem::Unknown { object, name, .. } => {
                bad_json(format!("Unknown name \"{name}\" at '{object}': Cannot find field."))
            }
            Problem::Rule { field, rule } => invalid(&field, rule),
        }
    }
}

fn kind(expected: Expected) -> String {
    match expected {
        Expected::Number => "a whole number".to_owned(),
        Expected::List(inner) => format!("a list of {}", inner.several()),
        other => other.to_string(),
    }
}

/// 400 `invalid` about one field.
pub(super) fn invalid(field: &str, rule: impl Into<String>) -> ApiError {
    ApiError::new(400, "invalid", format!("Invalid value for field '{field}': {}", rule.into()))
}

/// 400 `required`: a field is missing.
pub(super) fn required(field: &str) -> ApiError {
    ApiError::new(400, "required", format!("Required field '{field}' not specified"))
}

/// 400 `badRequest`: the request contradicts itself or what it is made to.
pub(super) fn bad_request(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "badRequest", message)
}

fn bad_json(message: impl std::fmt::Display) -> ApiError {
    ApiError::new(400, "parseError", format!("Invalid JSON payload received. {message}"))
}

/// `path` begins with `projects/`.
pub(super) fn not_found(path: &str) -> ApiError {
    ApiError::new(404, "notFound", format!("The resource '{path}' was not found"))
}

pub(super) fn already_exists(path: &str) -> ApiError {
    ApiError::new(409, "alreadyExists", format!("The resource '{path}' already exists"))
}

/// Another operation is at work on it.
pub(super) fn not_ready(path: &str) -> ApiError {
    ApiError::new(400, "resourceNotReady", format!("The resource '{path}' is not ready"))
}

pub(super) fn in_use(path: &str, by: &str) -> ApiError {
    let message = format!("The resource '{path}' is already being used by '{by}'");
    ApiError::new(400, "resourceInUseByAnotherResource", message)
}

/// 412: what was read has changed since.
pub(super) fn stale(what: &str) -> ApiError {
    let message = match what {
        "labels" => "Labels fingerprint either invalid or resource labels have changed".to_owned(),
        what => format!("Supplied fingerprint does not match current {what} fingerprint."),
    };
    ApiError::new(412, "conditionNotMet", message)
}

fn wrong_state(state: HostState, wanted: HostState) -> ApiError {
    let message = match wanted {
        HostState::Off => "The instance must be stopped (TERMINATED) for this change.".to_owned(),
        _ => format!("Instance is {state:?} and must be {wanted:?}."),
    };
    bad_request(message)
}

/// A quota that is checked in the call itself.
pub(super) fn quota(kind: Kind) -> ApiError {
    let metric = metric(kind);
    let message = format!("Quota '{metric}' exceeded.  Limit: {QUOTA_TEXT} globally.");
    ApiError { domain: "usageLimits", ..ApiError::new(403, "quotaExceeded", message) }
}

/// The quota of reserved addresses, which is checked in the call itself.
pub(super) fn no_static_address(region: &str) -> ApiError {
    let message = format!("Quota 'STATIC_ADDRESSES' exceeded.  Limit: {QUOTA_TEXT} in region {region}.");
    ApiError { domain: "usageLimits", ..ApiError::new(403, "quotaExceeded", message) }
}

pub(super) fn metric(kind: Kind) -> &'static str {
    match kind {
        Kind::Volume => "DISKS_TOTAL_GB",
        Kind::Address => "IN_USE_ADDRESSES",
        Kind::Image => "SNAPSHOTS",
        Kind::Firewall => "FIREWALLS",
        _ => "INSTANCES",
    }
}

pub(super) fn unauthorized() -> ApiError {
    let message = "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie \
                   or other valid authentication credential.";
    ApiError::new(401, "required", message)
}

pub(super) fn forbidden(message: impl Into<String>) -> ApiError {
    ApiError::new(403, "forbidden", message)
}

pub(super) fn unknown_path() -> ApiError {
    ApiError::new(404, "notFound", "The requested URL was not found on this server.")
}

/// The answer to a failure of the provider's own.
pub(super) fn failure(status: StatusCode) -> Reply {
    let error = match status.as_u16() {
        403 => forbidden("Required 'compute.instances.create' permission"),
        502 => ApiError::new(502, "badGateway", "Bad Gateway"),
        503 => ApiError::new(503, "backendError", "Service Unavailable"),
        504 => ApiError::new(504, "backendError", "Gateway Timeout"),
        code => ApiError::new(code, "backendError", "Internal error. Please try again or contact Google Support."),
    };
    error.into_reply()
}

/// The answer to a request over the rate limit: mostly a 403, and rarely a 429.
pub(super) fn over_limit(project: &str, rarely: bool) -> ApiError {
    if rarely {
        return ApiError::new(429, "rateLimitExceeded", "Too Many Requests");
    }
    let details = json!([{
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "RATE_LIMIT_EXCEEDED",
        "domain": "googleapis.com",
        "metadata": {"consumer": format!("projects/{project}"), "service": "compute.googleapis.com"},
    }]);
    let message = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service \
                   'compute.googleapis.com' for consumer 'project_number:1'.";
    ApiError { domain: "usageLimits", details, ..ApiError::new(403, "rateLimitExceeded", message) }
}

/// The status in the words that all of the provider's APIs share.
fn canonical(status: u16) -> Option<&'static str> {
    Some(match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        _ => return None,
    })
}

const QUOTA_TEXT: &str = "24.0";
