//! EC2's error codes in one table, and how they are read from what the SDK hands on.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use cloud_driver::{kind_of, one_line};
use cloud_http::{Executed, Outcome, SendError, Sent};
use cloud_types::{Error, ErrorKind};

use crate::http::Broken;

/// What a code means. Codes: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>; where a row
/// has a link, the meaning is told there. Codes that end in `NotFound`, `LimitExceeded` or `Malformed` and are not here
/// mean what they end in.
const CODES: &[(&str, ErrorKind)] = &[
    // <https://docs.aws.amazon.com/general/latest/gr/CommonErrors.html> for the codes that all services share.
    ("AccessDenied", ErrorKind::PermissionDenied),
    ("AccessDeniedException", ErrorKind::PermissionDenied),
    ("AddressLimitExceeded", ErrorKind::QuotaExceeded),
    ("AuthFailure", ErrorKind::Unauthenticated),
    ("Blocked", ErrorKind::PermissionDenied), // the account is
    ("ConcurrentTagAccess", ErrorKind::Conflict),
    ("DependencyViolation", ErrorKind::Conflict),
    ("EC2ThrottledException", ErrorKind::RateLimited),
    ("ExpiredToken", ErrorKind::Unauthenticated),
    ("ExpiredTokenException", ErrorKind::Unauthenticated),
    // <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html> for both.
    ("IdempotentInstanceTerminated", ErrorKind::Conflict),
    ("IdempotentParameterMismatch", ErrorKind::AlreadyExists),
    ("IncorrectInstanceState", ErrorKind::Conflict),
    ("IncorrectModificationState", ErrorKind::Conflict),
    ("IncorrectState", ErrorKind::Conflict),
    ("InstanceLimitExceeded", ErrorKind::QuotaExceeded),
    ("InsufficientAddressCapacity", ErrorKind::NoCapacity),
    ("InsufficientCapacity", ErrorKind::NoCapacity),
    ("InsufficientFreeAddressesInSubnet", ErrorKind::QuotaExceeded),
    ("InsufficientHostCapacity", ErrorKind::NoCapacity),
    // <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html#troubleshooting-launch-capacity>
    ("InsufficientInstanceCapacity", ErrorKind::NoCapacity),
    ("InsufficientReservedInstanceCapacity", ErrorKind::NoCapacity),
    ("InsufficientVolumeCapacity", ErrorKind::NoCapacity),
    ("InternalError", ErrorKind::Unavailable),
    ("InternalFailure", ErrorKind::Unavailable),
    ("InvalidAMIID.NotFound", ErrorKind::NotFound),
    ("InvalidAMIID.Unavailable", ErrorKind::NotFound),
    ("InvalidAMIName.Duplicate", ErrorKind::AlreadyExists),
    ("InvalidClientTokenId", ErrorKind::Unauthenticated),
    ("InvalidGroup.Duplicate", ErrorKind::AlreadyExists),
    ("InvalidGroup.InUse", ErrorKind::Conflict),
    ("InvalidKeyPair.Duplicate", ErrorKind::AlreadyExists),
    ("InvalidPermission.Duplicate", ErrorKind::AlreadyExists),
    ("InvalidSnapshot.InUse", ErrorKind::Conflict),
    ("InvalidState", ErrorKind::Conflict),
    ("InvalidVolume.ZoneMismatch", ErrorKind::InvalidRequest),
    ("MaxSpotInstanceCountExceeded", ErrorKind::QuotaExceeded),
    ("OperationNotPermitted", ErrorKind::PermissionDenied), // termination protection among others
    ("OptInRequired", ErrorKind::PermissionDenied),
    ("PendingSnapshotLimitExceeded", ErrorKind::QuotaExceeded),
    ("PendingVerification", ErrorKind::PermissionDenied),
    ("RequestExpired", ErrorKind::Unauthenticated),
    // <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>
    ("RequestLimitExceeded", ErrorKind::RateLimited),
    ("RequestThrottled", ErrorKind::RateLimited),
    ("RequestThrottledException", ErrorKind::RateLimited),
    ("ResourceCountExceeded", ErrorKind::QuotaExceeded),
    ("ResourceLimitExceeded", ErrorKind::QuotaExceeded),
    ("ServiceUnavailable", ErrorKind::Unavailable),
    ("SignatureDoesNotMatch", ErrorKind::Unauthenticated),
    ("SlowDown", ErrorKind::RateLimited),
    ("SnapshotCreationPerVolumeRateExceeded", ErrorKind::RateLimited),
    // <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-requests.html>
    ("SpotMaxPriceTooLow", ErrorKind::NoCapacity),
    ("Throttling", ErrorKind::RateLimited),
    ("ThrottlingException", ErrorKind::RateLimited),
    ("TooManyRequestsException", ErrorKind::RateLimited),
    ("UnauthorizedOperation", ErrorKind::PermissionDenied),
    ("Unavailable", ErrorKind::Unavailable),
    ("UnfulfillableCapacity", ErrorKind::NoCapacity),
    ("UnrecognizedClientException", ErrorKind::Unauthenticated),
    // "The requested configuration is currently not supported": the machine type is not offered in the zone.
    ("Unsupported", ErrorKind::NoCapacity),
    // A spot host of one request cannot be stopped, nor one of an instance store.
    ("UnsupportedOperation", ErrorKind::Unsupported),
    ("VcpuLimitExceeded", ErrorKind::QuotaExceeded),
    ("VolumeInUse", ErrorKind::Conflict),
    ("VolumeLimitExceeded", ErrorKind::QuotaExceeded),
    ("VolumeModificationRateExceeded", ErrorKind::Conflict),
];

/// Why an instance that was launched came to an end, where it was not its user's doing
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StateReason.html>).
const REASONS: &[(&str, ErrorKind)] = &[
    ("Client.InternalError", ErrorKind::PermissionDenied), // mostly an encrypted disk whose key may not be used
    ("Client.InvalidSnapshot.NotFound", ErrorKind::InvalidRequest),
    ("Client.VolumeLimitExceeded", ErrorKind::QuotaExceeded),
    ("Server.InsufficientInstanceCapacity", ErrorKind::NoCapacity),
    ("Server.InternalError", ErrorKind::Unavailable),
    ("Server.SpotInstanceShutdown", ErrorKind::NoCapacity),
    ("Server.SpotInstanceTermination", ErrorKind::NoCapacity),
];

/// An attempt that brought no result: what it was, for the retry step, and the error to show.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) outcome: Outcome,
    pub(crate) error: Error,
}

impl Failure {
    /// A request that may have left, and nobody answered.
    pub(crate) fn unanswered(why: &'static str) -> Self {
        Self::of_send(SendError::maybe_sent(why))
    }

    fn of_send(error: SendError) -> Self {
        let (outcome, message) = match error.sent {
            Sent::NotSent => (Outcome::NotSent, "the provider cannot be reached"),
            Sent::MaybeSent => (Outcome::MaybeSent, "no answer came"),
        };
        Self { outcome, error: Error::new(ErrorKind::Unavailable, message).with_source(error) }
    }

    fn refused(error: Error, executed: Executed) -> Self {
        Self { outcome: Outcome::Refused { kind: error.kind(), executed }, error }
    }

    fn garbled(status: u16, what: &'static str) -> Self {
        let error = Error::new(ErrorKind::Unavailable, format!("the answer {what}")).with_status(status);
        match status {
            200..=299 => Self { outcome: Outcome::Garbled, error },
            _ => Self::refused(error, executed_by_status(status)),
        }
    }
}

/// Takes apart what a call of the SDK ended with.
pub(crate) fn of_sdk<E: ProvideErrorMetadata>(error: SdkError<E, HttpResponse>) -> Failure {
    match error {
        SdkError::ServiceError(refusal) => {
            let (raw, meta) = (refusal.raw(), refusal.err().meta());
            // A success that is no XML or JSON of theirs: the SDK takes it for a refusal without a code.
            if meta.code().is_none() && raw.status().is_success() {
                return Failure::garbled(raw.status().as_u16(), "is not what was expected");
            }
            let in_body = || raw.body().bytes().and_then(request_id);
            let id = raw.headers().get("x-amzn-requestid").or_else(in_body);
            of_answer(raw.status().as_u16(), meta.code(), meta.message(), id)
        }
        SdkError::ResponseError(answer) => {
            let status = answer.raw().status().as_u16();
            match status {
                200..=299 => Failure::garbled(status, "is not what was expected"),
                _ => of_answer(status, None, None, None),
            }
        }
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(error) => unsent(error),
            None => Failure::unanswered("the connection failed"),
        },
        SdkError::TimeoutError(_) => Failure::unanswered("no answer in the time given"),
        // What the SDK refuses to send; its own words may quote it.
        _ => {
            let error = Error::new(ErrorKind::InvalidRequest, "the AWS SDK does not take the request");
            Failure::refused(error, Executed::No)
        }
    }
}

/// The id of the request in the body of an error, which the SDK does not read.
fn request_id(body: &[u8]) -> Option<&str> {
    let (_, rest) = std::str::from_utf8(body).ok()?.split_once("<RequestID>")?;
    rest.split_once("</RequestID>").map(|(id, _)| id)
}

/// Why no answer was read: the transport says whether the request left; all else comes before it.
fn unsent(error: &(dyn std::error::Error + 'static)) -> Failure {
    let chain = || std::iter::successors(Some(error), |error| error.source());
    if let Some(lost) = chain().find_map(|error| error.downcast_ref::<SendError>()) {
        let message = lost.to_string();
        return Failure::of_send(match lost.sent {
            Sent::NotSent => SendError::not_sent(message),
            Sent::MaybeSent => SendError::maybe_sent(message),
        });
    }
    if let Some(broken) = chain().find_map(|error| error.downcast_ref::<Broken>()) {
        return Failure::garbled(broken.status.as_u16(), broken.what);
    }
    // The credentials' own words are left out: they may quote a file.
    let (kind, message) = match chain().find_map(|error| error.downcast_ref::<CredentialsError>()) {
        Some(CredentialsError::CredentialsNotLoaded(_)) => {
            (ErrorKind::Unauthenticated, "no AWS credentials: neither environment, profile nor metadata has any")
        }
        Some(CredentialsError::InvalidConfiguration(_)) => {
            (ErrorKind::Unauthenticated, "the AWS configuration files cannot be used")
        }
        // Also where there are none, and no metadata service that says so.
        Some(_) => (
            ErrorKind::Unavailable,
            "the AWS credentials could not be fetched: does environment, profile or metadata give any?",
        ),
        None => (ErrorKind::Unavailable, "the request could not be signed or sent"),
    };
    match kind {
        ErrorKind::Unavailable => Failure { outcome: Outcome::NotSent, error: Error::new(kind, message) },
        _ => Failure::refused(Error::new(kind, message), Executed::No),
    }
}

/// An answer that is no success.
fn of_answer(status: u16, code: Option<&str>, message: Option<&str>, id: Option<&str>) -> Failure {
    let (kind, executed) = match code {
        Some(code) => match code_kind(code) {
            // A word of its own for what it could not do, whatever the status.
            Some(kind) if kind != ErrorKind::Unavailable => (kind, Executed::No),
            known => (known.unwrap_or_else(|| status_kind(status)), executed_by_status(status)),
        },
        // Only AWS' own word is "no such thing": without it the answer comes from something in between.
        None => (if status == 404 { ErrorKind::Unavailable } else { status_kind(status) }, executed_by_status(status)),
    };
    let mut error = Error::new(kind, told(kind, code, message.unwrap_or_default())).with_status(status);
    if let Some(code) = code {
        error = error.with_code(one_line(code));
    }
    if let Some(id) = id {
        error = error.with_request_id(one_line(id));
    }
    Failure::refused(error, executed)
}

/// The error of another kind that an attempt's error ends as.
pub(crate) fn given_up(kind: ErrorKind, error: Error) -> Error {
    match kind {
        ErrorKind::OutcomeUnknown => error.with_kind(kind).with_context("the request may have been carried out"),
        ErrorKind::Timeout => error.with_kind(kind).with_context("the deadline passed"),
        _ => error.with_kind(kind),
    }
}

/// What the end of an instance means for who waits for it; `None` where somebody wanted it so.
pub(crate) fn of_reason(code: &str, message: &str) -> Option<Error> {
    let kind = kind_of(REASONS, code).or_else(|| code.starts_with("Server.").then_some(ErrorKind::Unavailable))?;
    Some(Error::new(kind, format!("the host was given up by the provider: {}", one_line(message))).with_code(code))
}

fn code_kind(code: &str) -> Option<ErrorKind> {
    let by_end = || match code {
        _ if code.ends_with("NotFound") => Some(ErrorKind::NotFound),
        _ if code.ends_with("LimitExceeded") => Some(ErrorKind::QuotaExceeded),
        _ if code.starts_with("Throttl") => Some(ErrorKind::RateLimited),
        _ if code.ends_with("Malformed") || code.starts_with("Invalid") => Some(ErrorKind::InvalidRequest),
        _ => None,
    };
    kind_of(CODES, code).or_else(by_end)
}

fn status_kind(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Unauthenticated,
        403 => ErrorKind::PermissionDenied,
        404 => ErrorKind::NotFound,
        429 => ErrorKind::RateLimited,
        408 | 425 => ErrorKind::Unavailable,
        400..=499 => ErrorKind::InvalidRequest,
        500..=599 => ErrorKind::Unavailable,
        _ => ErrorKind::Unexpected,
    }
}

fn executed_by_status(status: u16) -> Executed {
    match status {
        500..=599 => Executed::Unknown,
        _ => Executed::No,
    }
}

/// AWS' sentence. Of a wrong request it may repeat what was sent, user data among it, so that only a sentence without user
/// data is told. What a refused right encodes is for `sts:DecodeAuthorizationMessage`, and long.
fn told(kind: ErrorKind, code: Option<&str>, message: &str) -> String {
    let text = message.to_ascii_lowercase();
    match () {
        () if kind == ErrorKind::InvalidRequest && (text.contains("userdata") || text.contains("user data")) => {
            "the provider refused the user data".to_owned()
        }
        () if message.is_empty() => match code {
            Some(code) => one_line(code),
            None => "the provider gave no reason".to_owned(),
        },
        () => one_line(message.split("Encoded authorization failure message").next().unwrap_or(message)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, code: &str) -> ErrorKind {
        of_answer(status, Some(code), Some("m"), None).error.kind()
    }

    #[test]
    fn the_tables_are_in_order() {
        for table in [CODES, REASONS] {
            assert!(table.is_sorted_by_key(|(word, _)| *word));
        }
    }

    #[test]
    fn a_lack_of_capacity_is_told_from_a_full_quota_and_a_rate_limit() {
        assert_eq!(kind(500, "InsufficientInstanceCapacity"), ErrorKind::NoCapacity);
        assert_eq!(kind(400, "Unsupported"), ErrorKind::NoCapacity);
        assert_eq!(kind(400, "VcpuLimitExceeded"), ErrorKind::QuotaExceeded);
        assert_eq!(kind(400, "RouteTableLimitExceeded"), ErrorKind::QuotaExceeded);
        assert_eq!(kind(503, "RequestLimitExceeded"), ErrorKind::RateLimited);
        assert_eq!(kind(400, "InvalidFleetId.NotFound"), ErrorKind::NotFound);
        assert_eq!(kind(400, "InvalidParameterValue"), ErrorKind::InvalidRequest);
        assert_eq!(kind(400, "SomethingNew"), ErrorKind::InvalidRequest);
        assert_eq!(kind(500, "SomethingNew"), ErrorKind::Unavailable);
    }

    #[test]
    fn a_failure_of_theirs_may_have_been_carried_out_and_a_lack_of_capacity_was_not() {
        let executed = |status, code| match of_answer(status, code, None, None).outcome {
            Outcome::Refused { executed, .. } => executed,
            other => panic!("{other:?}"),
        };
        assert_eq!(executed(500, Some("InsufficientInstanceCapacity")), Executed::No);
        assert_eq!(executed(503, Some("RequestLimitExceeded")), Executed::No);
        assert_eq!(executed(500, Some("InternalError")), Executed::Unknown);
        assert_eq!(executed(502, None), Executed::Unknown);
    }

    #[test]
    fn only_their_own_word_is_not_found() {
        assert_eq!(of_answer(404, None, None, None).error.kind(), ErrorKind::Unavailable);
        assert_eq!(kind(400, "InvalidInstanceID.NotFound"), ErrorKind::NotFound);
    }

    #[test]
    fn nothing_that_was_sent_is_repeated_and_a_message_stays_one_line() {
        let refused = of_answer(400, Some("InvalidParameterValue"), Some("UserData hunter2 is bad"), None);
        assert!(!refused.error.to_string().contains("hunter2"));
        let long = "x\n".repeat(400);
        let refused = of_answer(400, Some("InvalidParameterValue"), Some(&long), None);
        assert!(!refused.error.to_string().contains('\n') && refused.error.message().len() <= 300);
        let denied = "You are not authorized. Encoded authorization failure message: abcdef";
        let refused = of_answer(403, Some("UnauthorizedOperation"), Some(denied), None);
        assert!(!refused.error.to_string().contains("abcdef"));
    }

    #[test]
    fn an_end_that_nobody_wanted_has_its_kind() {
        assert_eq!(of_reason("Server.InsufficientInstanceCapacity", "").unwrap().kind(), ErrorKind::NoCapacity);
        assert_eq!(of_reason("Server.SomethingNew", "").unwrap().kind(), ErrorKind::Unavailable);
        assert!(of_reason("Client.UserInitiatedShutdown", "").is_none());
    }
}
