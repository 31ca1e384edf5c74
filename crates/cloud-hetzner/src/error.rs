//! Hetzner's error codes in one table, and how its error answers are read.

use cloud_http::{Answer, ErrorTable, Executed};
use cloud_types::{Error, ErrorKind};
use http::HeaderMap;

use crate::wire::{Action, ActionError, ErrorBody, ErrorResponse};

/// What each code means to a caller. Codes and statuses: <https://docs.hetzner.cloud/reference/cloud#errors>; the codes of
/// single operations stand at these operations; those marked (client) are known from Hetzner's own client's
/// [list](https://github.com/hetznercloud/hcloud-go/blob/main/hcloud/error.go).
const TABLE: &[(&str, ErrorKind)] = &[
    ("action_failed", ErrorKind::Unexpected), // (client) of an action
    ("bad_gateway", ErrorKind::Unavailable),
    ("conflict", ErrorKind::Conflict), // the resource has changed during the request: try again
    ("deprecated_api_endpoint", ErrorKind::Unexpected), // this library is too old
    ("firewall_already_applied", ErrorKind::Conflict),
    ("firewall_managed_by_label_selector", ErrorKind::InvalidRequest),
    ("firewall_resource_not_found", ErrorKind::NotFound),
    ("forbidden", ErrorKind::PermissionDenied),
    ("incompatible_network_type", ErrorKind::InvalidRequest),
    ("invalid_input", ErrorKind::InvalidRequest),
    ("invalid_server_type", ErrorKind::InvalidRequest), // change_type: does not fit, or deprecated
    ("ip_not_available", ErrorKind::Conflict),
    ("json_error", ErrorKind::InvalidRequest),
    ("locked", ErrorKind::Conflict), // an action is running
    ("maintenance", ErrorKind::Unavailable),
    ("method_not_allowed", ErrorKind::Unexpected),
    ("must_be_unassigned", ErrorKind::Conflict),
    ("networks_overlap", ErrorKind::InvalidRequest),
    ("no_space_left_in_location", ErrorKind::NoCapacity), // volumes
    ("no_subnet_available", ErrorKind::InvalidRequest),
    ("not_found", ErrorKind::NotFound),
    ("placement_error", ErrorKind::NoCapacity),
    ("primary_ip_already_assigned", ErrorKind::Conflict),
    ("primary_ip_assigned", ErrorKind::Conflict),
    ("primary_ip_datacenter_mismatch", ErrorKind::InvalidRequest),
    ("primary_ip_version_mismatch", ErrorKind::InvalidRequest),
    ("private_net_only_server", ErrorKind::InvalidRequest),
    ("protected", ErrorKind::PermissionDenied), // the caller has to lift the protection first
    ("rate_limit_exceeded", ErrorKind::RateLimited),
    ("resource_in_use", ErrorKind::Conflict),
    ("resource_limit_exceeded", ErrorKind::QuotaExceeded),
    ("resource_locked", ErrorKind::Conflict),        // (client)
    ("resource_unavailable", ErrorKind::NoCapacity), // "error during placement"
    ("robot_unavailable", ErrorKind::Unavailable),   // (client)
    ("server_already_added", ErrorKind::Conflict),
    ("server_already_attached", ErrorKind::Conflict),
    ("server_error", ErrorKind::Unavailable),
    ("server_has_ipv4", ErrorKind::Conflict),
    ("server_has_ipv6", ErrorKind::Conflict),
    ("server_is_load_balancer_target", ErrorKind::Conflict),
    ("server_not_stopped", ErrorKind::Conflict),
    ("service_error", ErrorKind::Unavailable),
    ("timeout", ErrorKind::Unavailable),
    ("token_readonly", ErrorKind::PermissionDenied),
    ("unauthorized", ErrorKind::Unauthenticated),
    ("unavailable", ErrorKind::Unavailable),
    ("uniqueness_error", ErrorKind::AlreadyExists),
    ("unknown_error", ErrorKind::Unavailable),        // (client)
    ("unsupported_error", ErrorKind::InvalidRequest), // the thing does not support the operation
    ("volume_already_attached", ErrorKind::Conflict),
];

/// Reads Hetzner's error answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table;

impl ErrorTable for Table {
    fn error(&self, answer: &Answer<'_>) -> Error {
        match answer.json::<ErrorResponse>() {
            Some(body) => from_body(&body.error, answer),
            // Only Hetzner's own word is "no such thing": a 404 without it comes from something in between.
            None if answer.by_status().kind() == ErrorKind::NotFound => {
                Error::new(ErrorKind::Unavailable, "an answer that is not Hetzner's: check the endpoint")
            }
            None => answer.by_status(),
        }
    }

    /// By the status, but for codes that say that the service is failing behind a status that does not.
    fn executed(&self, answer: &Answer<'_>) -> Executed {
        if answer.status.is_server_error() || self.error(answer).kind() == ErrorKind::Unavailable {
            Executed::Unknown
        } else {
            Executed::No
        }
    }

    fn request_id<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        headers.get("x-correlation-id")?.to_str().ok()
    }
}

/// How far an action is.
#[derive(Debug, Clone)]
pub(crate) enum Progress {
    Running,
    Done,
    Failed(Error),
}

/// The number of an action, and how far it is.
pub(crate) fn progress(action: &Action) -> (u64, Progress) {
    let progress = match action.status.as_str() {
        "running" => Progress::Running,
        "success" => Progress::Done,
        _ => Progress::Failed(from_action(&action.command, action.error.as_ref())),
    };
    (action.id, progress)
}

/// What the failure of an action means. It is final: nothing that is asked again changes it, so its kind is none that a
/// wait would ride out.
pub(crate) fn from_action(command: &str, error: Option<&ActionError>) -> Error {
    let Some(error) = error else {
        return Error::new(ErrorKind::Unexpected, format!("the action {} failed", one_line(command)));
    };
    let kind = kind_of(&error.code).filter(|kind| !kind.is_retryable()).unwrap_or(ErrorKind::Unexpected);
    let message = format!("the action {} failed: {}", one_line(command), one_line(&error.message));
    Error::new(kind, message).with_code(one_line(&error.code))
}

fn from_body(body: &ErrorBody, answer: &Answer<'_>) -> Error {
    let kind = kind_of(&body.code).unwrap_or_else(|| answer.by_status().kind());
    let details = body.details.clone().unwrap_or_default();
    let error = match (kind, details.fields.first(), details.limits.first()) {
        // Hetzner's sentences may repeat what was sent, and user data is secret: of it only the field is named.
        (ErrorKind::InvalidRequest, Some(field), _) if field.name == "user_data" => {
            Error::invalid("user_data", "was refused by the provider")
        }
        (ErrorKind::InvalidRequest, Some(field), _) => {
            let rule = field.messages.first().unwrap_or(&body.message);
            Error::invalid(our_field(&field.name), one_line(rule))
        }
        (ErrorKind::QuotaExceeded, _, Some(limit)) => {
            Error::new(kind, format!("{} ({})", one_line(&body.message), one_line(&limit.name)))
        }
        _ => Error::new(kind, one_line(&body.message)),
    };
    error.with_code(one_line(&body.code))
}

fn kind_of(code: &str) -> Option<ErrorKind> {
    TABLE.binary_search_by_key(&code, |(known, _)| known).ok().map(|row| TABLE[row].1)
}

/// The field of a [`HostSpec`](cloud_types::HostSpec) that Hetzner's field stands for.
fn our_field(theirs: &str) -> String {
    match theirs {
        "location" => "region".to_owned(),
        "server_type" => "machine".to_owned(),
        other => one_line(other),
    }
}

/// At most 200 characters in one line: what comes from outside must not flood or forge a log.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn error(status: u16, body: &str) -> Error {
        let headers = HeaderMap::new();
        Table.error(&Answer { status: StatusCode::from_u16(status).unwrap(), headers: &headers, body: body.as_bytes() })
    }

    #[test]
    fn the_table_is_in_order_so_that_it_can_be_searched() {
        assert!(TABLE.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn a_field_is_named_in_our_words_with_hetzners_rule() {
        let body = r#"{"error":{"code":"invalid_input","message":"invalid input in field 'location'",
            "details":{"fields":[{"name":"location","messages":["unknown location"]}]}}}"#;
        let error = error(422, body);
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidRequest, Some("region")));
        assert!(error.message().contains("unknown location"), "{error}");
    }

    #[test]
    fn a_refused_user_data_is_not_repeated_in_the_error() {
        let body = r#"{"error":{"code":"invalid_input","message":"bad: hunter2",
            "details":{"fields":[{"name":"user_data","messages":["hunter2 is wrong"]}]}}}"#;
        let error = error(422, body);
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }

    #[test]
    fn only_hetzners_own_word_is_not_found() {
        assert_eq!(error(404, "<html>not here</html>").kind(), ErrorKind::Unavailable);
        assert_eq!(error(404, r#"{"error":{"code":"not_found","message":"gone"}}"#).kind(), ErrorKind::NotFound);
        assert_eq!(error(429, "slow down").kind(), ErrorKind::RateLimited);
    }

    #[test]
    fn an_unknown_code_is_taken_by_its_status() {
        assert_eq!(error(412, r#"{"error":{"code":"brand_new","message":"x"}}"#).kind(), ErrorKind::Conflict);
    }
}
