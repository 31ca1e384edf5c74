//! Google's error words in two tables, answers' reasons and operations' codes, and how they are read.

use cloud_driver::{kind_of, one_line};
use cloud_http::{Answer, ErrorTable};
use cloud_types::{Error, ErrorKind};
use http::HeaderMap;

use crate::wire::{ErrorBody, ErrorResponse, Operation};

/// What the `reason` of an answer means. Reasons and statuses:
/// <https://cloud.google.com/compute/docs/api/troubleshooting-errors> and <https://cloud.google.com/apis/design/errors>.
/// A rate limit is a 403 here: <https://cloud.google.com/compute/api-quota>.
const REASONS: &[(&str, ErrorKind)] = &[
    ("accessNotConfigured", ErrorKind::PermissionDenied), // the API is not turned on for the project
    ("alreadyExists", ErrorKind::AlreadyExists),
    ("authError", ErrorKind::Unauthenticated),
    ("backendError", ErrorKind::Unavailable),
    ("badRequest", ErrorKind::InvalidRequest),
    ("conditionNotMet", ErrorKind::Conflict), // a stale fingerprint
    ("dailyLimitExceeded", ErrorKind::RateLimited),
    ("forbidden", ErrorKind::PermissionDenied),
    ("inUse", ErrorKind::Conflict),
    ("insufficientPermissions", ErrorKind::PermissionDenied),
    ("internalError", ErrorKind::Unavailable),
    ("invalid", ErrorKind::InvalidRequest),
    ("invalidParameter", ErrorKind::InvalidRequest),
    ("notFound", ErrorKind::NotFound),
    ("operationInProgress", ErrorKind::Conflict),
    ("quotaExceeded", ErrorKind::QuotaExceeded),
    ("rateLimitExceeded", ErrorKind::RateLimited),
    ("required", ErrorKind::InvalidRequest),
    ("resourceInUseByAnotherResource", ErrorKind::Conflict),
    ("resourceNotReady", ErrorKind::Conflict), // "subnet in flux": try again
    ("userRateLimitExceeded", ErrorKind::RateLimited),
];

/// What the `code` of an operation's error means: <https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-vm-creation>
/// and, for capacity, <https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-resource-availability>.
const CODES: &[(&str, ErrorKind)] = &[
    ("CONDITION_NOT_MET", ErrorKind::PermissionDenied), // a policy of the organisation
    ("INSUFFICIENT_CAPACITY", ErrorKind::NoCapacity),
    ("INTERNAL_ERROR", ErrorKind::Unavailable),
    ("INVALID_USAGE", ErrorKind::InvalidRequest),
    ("IP_IN_USE_BY_ANOTHER_RESOURCE", ErrorKind::Conflict),
    ("IP_SPACE_EXHAUSTED", ErrorKind::QuotaExceeded), // the subnet has no address left
    ("PERMISSIONS_ERROR", ErrorKind::PermissionDenied),
    ("RESOURCE_ALREADY_EXISTS", ErrorKind::AlreadyExists),
    ("RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", ErrorKind::Conflict),
    ("RESOURCE_NOT_FOUND", ErrorKind::NotFound),
    ("RESOURCE_NOT_READY", ErrorKind::Conflict),
    ("RESOURCE_OPERATION_RATE_EXCEEDED", ErrorKind::RateLimited),
    ("RESOURCE_POOL_EXHAUSTED", ErrorKind::NoCapacity),
    ("STOCKOUT", ErrorKind::NoCapacity),
    ("UNSUPPORTED_OPERATION", ErrorKind::InvalidRequest),
    ("ZONE_RESOURCE_POOL_EXHAUSTED", ErrorKind::NoCapacity),
    ("ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", ErrorKind::NoCapacity),
];

/// Reads Google's error answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table;

impl ErrorTable for Table {
    fn error(&self, answer: &Answer<'_>) -> Error {
        match answer.json::<ErrorResponse>() {
            Some(body) => from_body(&body.error, answer),
            // Only Google's own word is "no such thing": a 404 without it comes from something in between.
            None if answer.by_status().kind() == ErrorKind::NotFound => {
                Error::new(ErrorKind::Unavailable, "an answer that is not Google's: check the endpoint")
            }
            None => answer.by_status(),
        }
    }

    fn request_id<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        headers.get("x-goog-request-id").or_else(|| headers.get("x-request-id"))?.to_str().ok()
    }
}

/// What the failure of an operation means; `Ok` where it has not failed.
pub(crate) fn of_operation(operation: &Operation) -> Result<(), Error> {
    let status = operation.http_error_status_code;
    let errors = operation.error.as_ref().map_or(&[][..], |error| &error.errors);
    let what = match operation.operation_type.as_str() {
        "" => "the operation failed".to_owned(),
        word => format!("the operation {} failed", one_line(word)),
    };
    let error = match (errors.first(), status) {
        (None, None | Some(200..=299)) => return Ok(()),
        (None, Some(_)) => Error::new(ErrorKind::Unavailable, what),
        (Some(first), _) => {
            let kind = code_kind(&first.code).unwrap_or(ErrorKind::Unavailable);
            Error::new(kind, format!("{what}: {}", told(kind, &first.message))).with_code(one_line(&first.code))
        }
    };
    Err(match status {
        Some(status) => error.with_status(status),
        None => error,
    })
}

fn from_body(body: &ErrorBody, answer: &Answer<'_>) -> Error {
    let reason = body.errors.first().map(|item| item.reason.as_str()).filter(|reason| !reason.is_empty());
    let detail = body.details.iter().find_map(|detail| detail.reason.as_deref());
    let kind = match (reason.and_then(|reason| kind_of(REASONS, reason)), body.status.as_deref()) {
        _ if is_rate_limit(body, detail) => ErrorKind::RateLimited,
        (Some(kind), _) => kind,
        (None, Some("RESOURCE_EXHAUSTED")) => ErrorKind::RateLimited,
        (None, Some("ALREADY_EXISTS")) => ErrorKind::AlreadyExists,
        (None, Some("FAILED_PRECONDITION")) => ErrorKind::Conflict,
        (None, _) => answer.by_status().kind(),
    };
    // Not ready, or in use, has the status of a wrong request, and passes.
    let error = Error::new(kind, told(kind, &body.message));
    match reason.or(detail).or(body.status.as_deref()) {
        Some(code) => error.with_code(one_line(code)),
        None => error,
    }
}

/// Rates have no reason of their own: "Quota exceeded for quota metric … and limit '… per minute'" is one, "Quota 'CPUS'
/// exceeded" is none (<https://cloud.google.com/compute/operations-quota>).
fn is_rate_limit(body: &ErrorBody, detail: Option<&str>) -> bool {
    let minute = body.message.contains("per minute") || body.message.contains("per 100 seconds");
    detail.is_some_and(|reason| matches!(reason, "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED" | "RATE_LIMIT_EXCEEDED"))
        || (minute && body.message.contains("Quota exceeded for quota metric"))
}

fn code_kind(code: &str) -> Option<ErrorKind> {
    kind_of(CODES, code).or_else(|| code.contains("QUOTA").then_some(ErrorKind::QuotaExceeded))
}

/// Google's sentence. Of a wrong request it may repeat what was sent, user data among it, so that only a sentence without
/// metadata is told.
fn told(kind: ErrorKind, message: &str) -> String {
    let secret = kind == ErrorKind::InvalidRequest && message.to_ascii_lowercase().contains("metadata");
    match (secret, message.is_empty()) {
        (true, _) => "the provider refused the user data or SSH keys".to_owned(),
        (false, true) => "the provider gave no reason".to_owned(),
        (false, false) => one_line(message),
    }
}

#[cfg(test)]
mod tests {
    use cloud_http::ErrorTable;
    use http::StatusCode;

    use super::*;

    fn read(status: u16, body: &str) -> Error {
        let headers = HeaderMap::new();
        let status = StatusCode::from_u16(status).unwrap();
        Table.error(&Answer { status, headers: &headers, body: body.as_bytes() })
    }

    #[test]
    fn the_tables_are_in_order() {
        for table in [REASONS, CODES] {
            assert!(table.is_sorted_by_key(|(word, _)| *word));
        }
    }

    #[test]
    fn a_rate_limit_is_told_from_a_full_quota_and_a_missing_right() {
        let body = |reason: &str, message: &str| {
            format!(r#"{{"error":{{"code":403,"message":"{message}","errors":[{{"reason":"{reason}"}}]}}}}"#)
        };
        assert_eq!(read(403, &body("rateLimitExceeded", "Rate Limit Exceeded")).kind(), ErrorKind::RateLimited);
        assert_eq!(read(403, &body("quotaExceeded", "Quota 'CPUS' exceeded.")).kind(), ErrorKind::QuotaExceeded);
        let minute = "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute' of service";
        assert_eq!(read(403, &body("forbidden", minute)).kind(), ErrorKind::RateLimited);
        assert_eq!(read(403, &body("forbidden", "Required 'x' permission")).kind(), ErrorKind::PermissionDenied);
        assert_eq!(read(403, "").kind(), ErrorKind::PermissionDenied);
    }

    #[test]
    fn only_googles_own_word_is_not_found() {
        let body = r#"{"error":{"code":404,"message":"gone","errors":[{"reason":"notFound"}]}}"#;
        assert_eq!(read(404, body).kind(), ErrorKind::NotFound);
        assert_eq!(read(404, "<html>").kind(), ErrorKind::Unavailable);
    }

    #[test]
    fn an_operations_failure_has_its_kind() {
        let failed = |code: &str| {
            let body = format!(
                r#"{{"name":"o","status":"DONE","error":{{"errors":[{{"code":"{code}","message":"m\n{code}"}}]}}}}"#
            );
            of_operation(&serde_json::from_str(&body).unwrap()).unwrap_err()
        };
        assert_eq!(failed("ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS").kind(), ErrorKind::NoCapacity);
        assert_eq!(failed("QUOTA_EXCEEDED").kind(), ErrorKind::QuotaExceeded);
        assert_eq!(failed("GPUS_ALL_REGIONS_QUOTA").kind(), ErrorKind::QuotaExceeded);
        assert_eq!(failed("PERMISSIONS_ERROR").kind(), ErrorKind::PermissionDenied);
        assert_eq!(failed("SOMETHING_NEW").kind(), ErrorKind::Unavailable);
        assert!(!failed("SOMETHING_NEW").to_string().contains('\n'));
        let done: Operation = serde_json::from_str(r#"{"name":"o","status":"DONE"}"#).unwrap();
        assert!(of_operation(&done).is_ok());
    }

    #[test]
    fn a_refusal_of_metadata_does_not_repeat_it() {
        let body = r#"{"error":{"message":"Invalid value for field 'resource.metadata': 'hunter2'","errors":[{"reason":"invalid"}]}}"#;
        assert!(!read(400, body).to_string().contains("hunter2"));
    }
}
