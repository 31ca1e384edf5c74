//! The error table, <https://docs.hetzner.cloud/reference/cloud#errors>.

use cloud_world::{Kind, WorldError};
use http::StatusCode;
use serde_json::{Value, json};

use super::words;
use crate::face::{Problem, Problems};
use crate::{Reply, Request};

/// An error answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ApiError {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) details: Value,
}

impl ApiError {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: Value::Null }
    }

    fn details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    pub(super) fn into_reply(self, request: &Request) -> Reply {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let error = json!({
            "code": self.code,
            "message": self.message,
            "details": self.details,
        });
        let mut reply = Reply::json(status, &json!({"error": error}));
        correlate(&mut reply, request);
        reply
    }
}

impl From<WorldError> for ApiError {
    fn from(error: WorldError) -> Self {
        match error {
            WorldError::NotFound { kind, id } => not_found(words::kind(kind), &id),
            WorldError::NameTaken { kind } => {
                let message = format!("{} name is already used", words::kind(kind));
                not_unique("name", message)
            }
            WorldError::KeyTaken => {
                not_unique("public_key", "SSH key with the same fingerprint already exists".to_owned())
            }
            WorldError::Locked { kind, .. } => Self::new(423, "locked", format!("{} is locked", words::kind(kind))),
            WorldError::Protected { kind, .. } => {
                let message = format!("{} is protected", words::kind(kind));
                Self::new(423, "protected", message)
            }
            WorldError::WrongState { wanted, .. } => match wanted {
                cloud_world::HostState::Off => unprocessable("server_not_stopped", "server must be stopped"),
                _ => unprocessable("unsupported_error", "server is not running"),
            },
            WorldError::QuotaFull { kind } => {
                let name = format!("{}_limit", words::kind(kind));
                Self::new(403, "resource_limit_exceeded", format!("{name} exceeded"))
                    .details(json!({"limits": [{"name": name}]}))
            }
            WorldError::NoCapacity { machine, .. } if machine.is_empty() => {
                unprocessable("no_space_left_in_location", "there is no space left in the location")
            }
            WorldError::NoCapacity { .. } => Self::new(412, "resource_unavailable", "error during placement"),
            WorldError::Invalid { field, rule } => invalid(field_word(field), rule),
            WorldError::InUse { kind, id } => in_use(kind, id),
        }
    }
}

fn field_word(field: &'static str) -> &'static str {
    match field {
        "region" | "zone" => "location",
        "machine" => "server_type",
        other => other,
    }
}

fn in_use(kind: Kind, id: u64) -> ApiError {
    let message = format!("{} with ID '{id}' is still in use", words::kind(kind));
    match kind {
        Kind::Volume => unprocessable("volume_already_attached", "volume is already attached"),
        Kind::Address => unprocessable("primary_ip_assigned", "primary ip is already assigned"),
        _ => unprocessable("resource_in_use", message),
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Problems(vec![problem]).into()
    }
}

impl From<Problems> for ApiError {
    /// 400 `json_error` about the body, or else 422 `invalid_input` about all fields.
    fn from(Problems(problems): Problems) -> Self {
        let (mut names, mut fields) = (Vec::new(), Vec::new());
        for problem in &problems {
            let rule = match problem {
                Problem::NoJson(reason) => return Self::new(400, "json_error", reason),
                Problem::NoObject => return Self::new(400, "json_error", "the body must be a JSON object"),
                Problem::WrongType { expected, .. } => format!("must be {expected}"),
                Problem::Missing { .. } => "Missing data for required field.".to_owned(),
                Problem::Unknown { .. } => "unknown field".to_owned(),
                Problem::Rule { rule, .. } => rule.clone(),
            };
            let name = problem.field().unwrap_or_default();
            names.push(name);
            fields.push(json!({"name": name, "messages": [rule]}));
        }
        let message = format!("invalid input in field '{}'", names.join("', '"));
        unprocessable("invalid_input", message).details(json!({"fields": fields}))
    }
}

/// 422 `invalid_input` about one field.
pub(super) fn invalid(field: &str, rule: impl Into<String>) -> ApiError {
    Problem::Rule { field: field.to_owned(), rule: rule.into() }.into()
}

/// A 422 of an operation's own.
pub(super) fn unprocessable(code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::new(422, code, message)
}

pub(super) fn not_found(kind: &str, id: &str) -> ApiError {
    ApiError::new(404, "not_found", format!("{kind} with ID '{id}' not found"))
}

pub(super) fn unknown_path() -> ApiError {
    ApiError::new(404, "not_found", "not found")
}

pub(super) fn method_not_allowed() -> ApiError {
    ApiError::new(405, "method_not_allowed", "method not allowed")
}

pub(super) fn gone() -> ApiError {
    ApiError::new(410, "deprecated_api_endpoint", "this endpoint was removed")
        .details(json!({"announcement": "https://docs.hetzner.cloud/changelog"}))
}

pub(super) fn unauthorized(message: &str) -> ApiError {
    ApiError::new(401, "unauthorized", message)
}

pub(super) fn read_only() -> ApiError {
    ApiError::new(401, "token_readonly", "the token is only allowed to perform GET requests")
}

fn not_unique(field: &str, message: String) -> ApiError {
    ApiError::new(409, "uniqueness_error", message).details(json!({"fields": [{"name": field}]}))
}

/// The answer to a failure of the provider's own.
pub(super) fn failure(request: &Request, status: StatusCode) -> Reply {
    let (code, message) = match status.as_u16() {
        403 => ("maintenance", "cannot perform operation due to maintenance"),
        409 => ("conflict", "the resource changed during the request, please retry"),
        423 => ("locked", "item is locked"),
        502 => ("bad_gateway", "bad gateway"),
        503 => ("unavailable", "service is unavailable"),
        504 => ("timeout", "the request took too long"),
        _ => ("server_error", "internal server error"),
    };
    ApiError::new(status.as_u16(), code, message).into_reply(request)
}

/// The answer to a request over the rate limit.
pub(super) fn over_limit(request: &Request) -> Reply {
    ApiError::new(429, "rate_limit_exceeded", "limit of 3600 requests per hour reached").into_reply(request)
}

/// Adds the header by which support finds a request.
pub(super) fn correlate(reply: &mut Reply, request: &Request) {
    const NAME: &str = "X-Correlation-Id";
    if reply.headers.iter().any(|(name, _)| *name == NAME) {
        return;
    }
    let sum = request.path.bytes().chain(request.body.iter().copied());
    let sum = sum.fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    reply.headers.push((NAME, format!("{sum:016x}")));
}
