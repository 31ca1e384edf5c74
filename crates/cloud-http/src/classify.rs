//! Step: classify. What an answer means: ours by the provider's table, and whether the request was carried out.

use std::fmt::Debug;

use bytes::Bytes;
use cloud_types::{Clock, Error, ErrorKind};
use http::{HeaderMap, StatusCode};

use crate::headers;
use crate::json::JsonError;
use crate::retry::Outcome;
use crate::transport::{Body, SendError, Sent};

/// An answer that is no success, as an [`ErrorTable`] sees it.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The HTTP status; never 2xx.
    pub status: StatusCode,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body; empty where it was cut off or too large. May be anything, even no JSON.
    pub body: &'a [u8],
}

impl<'a> Answer<'a> {
    /// The body as JSON, where it is such.
    #[must_use]
    pub fn json<T: serde::Deserialize<'a>>(&self) -> Option<T> {
        serde_json::from_slice(self.body).ok()
    }

    /// The error that the status alone stands for: what a table falls back on.
    #[must_use]
    pub fn by_status(&self) -> Error {
        let (kind, message) = match self.status.as_u16() {
            401 => (ErrorKind::Unauthenticated, "the credentials were not accepted"),
            402 => (ErrorKind::QuotaExceeded, "the account has to be paid or raised first"),
            403 => (ErrorKind::PermissionDenied, "the credentials may not do this"),
            404 | 410 => (ErrorKind::NotFound, "there is no such thing"),
            409 | 412 | 423 => (ErrorKind::Conflict, "it is busy or in the wrong state"),
            429 => (ErrorKind::RateLimited, "too many requests"),
            408 | 425 => (ErrorKind::Unavailable, "the provider did not take the request"),
            400..=499 => (ErrorKind::InvalidRequest, "the provider refused the request"),
            501 => (ErrorKind::Unsupported, "the provider cannot do this"),
            500..=599 => (ErrorKind::Unavailable, "the provider is failing"),
            _ => (ErrorKind::Unexpected, "the provider gave a status that makes no sense here"),
        };
        Error::new(kind, message)
    }
}

/// Whether a request that was answered with an error had been carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Executed {
    /// It certainly was not.
    No,
    /// It may have been, in part or in full.
    Unknown,
}

/// A provider's errors: from its own codes to ours. Pure; one a provider.
///
/// ```
/// use cloud_http::{Answer, ErrorTable};
/// use cloud_types::{Error, ErrorKind};
///
/// #[derive(Debug)]
/// struct Table;
///
/// impl ErrorTable for Table {
///     fn error(&self, answer: &Answer<'_>) -> Error {
///         #[derive(serde::Deserialize)]
///         struct Body {
///             code: String,
///         }
///         let Some(Body { code }) = answer.json() else { return answer.by_status() };
///         let error = match code.as_str() {
///             "no_room" => Error::new(ErrorKind::NoCapacity, "no room for this machine type"),
///             _ => answer.by_status(),
///         };
///         error.with_code(code)
///     }
/// }
/// ```
pub trait ErrorTable: Debug + Send + Sync {
    /// The error that `answer` stands for. Status, `Retry-After` and request id need not be set: they are added.
    ///
    /// [`Unavailable`](ErrorKind::Unavailable) and [`RateLimited`](ErrorKind::RateLimited) are what the retry step
    /// repeats. The message holds nothing that was sent.
    fn error(&self, answer: &Answer<'_>) -> Error;

    /// Whether the request was carried out: by default not where the status is below 500 (or 501), unknown above.
    ///
    /// A code that promises that nothing was done is worth a line here: then even a create can be repeated.
    /// An error of kind [`RateLimited`](ErrorKind::RateLimited) is taken as not carried out without asking.
    fn executed(&self, answer: &Answer<'_>) -> Executed {
        if answer.status.is_server_error() && answer.status != StatusCode::NOT_IMPLEMENTED {
            Executed::Unknown
        } else {
            Executed::No
        }
    }

    /// The provider's id of the request, which its support asks for: by default the header `x-request-id`.
    fn request_id<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        headers.get("x-request-id")?.to_str().ok()
    }
}

/// The table of a provider without codes: by HTTP status alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct StatusTable;

impl ErrorTable for StatusTable {
    fn error(&self, answer: &Answer<'_>) -> Error {
        answer.by_status()
    }
}

/// An attempt that brought no result: what it was, for the retry step, and the error to show.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) outcome: Outcome,
    pub(crate) error: Error,
}

/// What to do with the body of a success; `None` takes the status for an answer.
pub(crate) type Accept<'a> = Option<&'a mut (dyn FnMut(&Bytes) -> Result<(), JsonError> + Send)>;

/// Sorts the answer to one attempt: the headers of a success, or a failure.
pub(crate) fn classify(
    table: &dyn ErrorTable,
    clock: &dyn Clock,
    answer: http::Response<Body>,
    accept: &mut Accept<'_>,
) -> Result<HeaderMap, Failure> {
    let (parts, body) = answer.into_parts();
    if parts.status.is_success() {
        let Some(accept) = accept else { return Ok(parts.headers) };
        let garbled = |error: Error| Failure {
            outcome: Outcome::Garbled,
            error: dressed(error.with_status(parts.status.as_u16()), table, &parts.headers, clock),
        };
        return match body {
            Body::Whole(body) => match accept(&body) {
                Ok(()) => Ok(parts.headers),
                Err(error) => {
                    let message = format!("the answer is not what was expected: {error}");
                    Err(garbled(Error::new(ErrorKind::Unavailable, message)))
                }
            },
            Body::Cut(source) => {
                Err(garbled(Error::new(ErrorKind::Unavailable, "the answer was cut off").with_source(source)))
            }
            Body::TooLarge => Err(garbled(Error::new(ErrorKind::Unavailable, "the answer is too large"))),
        };
    }
    let (body, whole) = match body {
        Body::Whole(body) => (body, true),
        Body::Cut(_) | Body::TooLarge => (Bytes::new(), false),
    };
    let answer = Answer { status: parts.status, headers: &parts.headers, body: &body };
    let error = match whole || says_enough(parts.status) {
        true => table.error(&answer),
        false => Error::new(ErrorKind::Unavailable, "the provider refused the request, but its words were cut off"),
    };
    let error = dressed(error.with_status(parts.status.as_u16()), table, &parts.headers, clock);
    let executed = match error.kind() {
        ErrorKind::RateLimited => Executed::No,
        _ => table.executed(&answer),
    };
    Err(Failure { outcome: Outcome::Refused { kind: error.kind(), executed }, error })
}

/// Whether a status without its body says what the caller does. Of most refusals only the code in the body does: a 403
/// may be a missing right or a full quota, a 422 a wrong field or a name that is taken.
fn says_enough(status: StatusCode) -> bool {
    !status.is_client_error() || matches!(status.as_u16(), 401 | 429)
}

/// An attempt without an answer.
pub(crate) fn unanswered(error: SendError) -> Failure {
    let (outcome, message) = match error.sent {
        Sent::NotSent => (Outcome::NotSent, "the provider cannot be reached"),
        Sent::MaybeSent => (Outcome::MaybeSent, "no answer came"),
    };
    Failure { outcome, error: Error::new(ErrorKind::Unavailable, message).with_source(error) }
}

/// Adds what headers say and the table did not.
fn dressed(mut error: Error, table: &dyn ErrorTable, headers: &HeaderMap, clock: &dyn Clock) -> Error {
    if error.request_id().is_none()
        && let Some(id) = table.request_id(headers)
    {
        error = error.with_request_id(id);
    }
    if error.retry_after().is_none()
        && let Some(wait) = headers::retry_after(headers, clock.now())
    {
        error = error.with_retry_after(wait);
    }
    error
}

#[cfg(test)]
mod tests {
    use cloud_types::SystemClock;

    use super::*;

    fn failure(table: &dyn ErrorTable, status: u16, body: &'static str) -> Failure {
        let body = Body::Whole(Bytes::from_static(body.as_bytes()));
        let answer = http::Response::builder().status(status).header("x-request-id", "r-1").header("retry-after", "3");
        classify(table, &SystemClock, answer.body(body).unwrap(), &mut None).unwrap_err()
    }

    #[test]
    fn a_status_alone_says_what_the_caller_does() {
        use ErrorKind::{
            Conflict, InvalidRequest, NotFound, PermissionDenied, RateLimited, Unauthenticated, Unavailable,
            Unexpected, Unsupported,
        };
        for (status, kind, executed) in [
            (302, Unexpected, Executed::No),
            (400, InvalidRequest, Executed::No),
            (401, Unauthenticated, Executed::No),
            (403, PermissionDenied, Executed::No),
            (404, NotFound, Executed::No),
            (409, Conflict, Executed::No),
            (422, InvalidRequest, Executed::No),
            (423, Conflict, Executed::No),
            (429, RateLimited, Executed::No),
            (500, Unavailable, Executed::Unknown),
            (501, Unsupported, Executed::No),
            (503, Unavailable, Executed::Unknown),
            (599, Unavailable, Executed::Unknown),
            (999, Unexpected, Executed::No),
        ] {
            let Failure { outcome, error } = failure(&StatusTable, status, "<html>");
            assert_eq!(outcome, Outcome::Refused { kind, executed }, "{status}");
            assert_eq!((error.kind(), error.status()), (kind, Some(status)));
            assert_eq!((error.request_id(), error.retry_after().map(|wait| wait.as_secs())), (Some("r-1"), Some(3)));
        }
    }

    #[test]
    fn a_refusal_whose_words_were_cut_off_is_asked_for_again() {
        use ErrorKind::{RateLimited, Unauthenticated, Unavailable};
        for (status, kind) in [
            (401, Unauthenticated),
            (403, Unavailable),
            (404, Unavailable),
            (409, Unavailable),
            (422, Unavailable),
            (429, RateLimited),
        ] {
            let answer = http::Response::builder().status(status).body(Body::TooLarge).unwrap();
            let failure = classify(&StatusTable, &SystemClock, answer, &mut None).unwrap_err();
            assert_eq!(failure.outcome, Outcome::Refused { kind, executed: Executed::No }, "{status}");
        }
    }

    /// Knows that `busy` is refused before anything is done.
    #[derive(Debug)]
    struct Table;

    impl ErrorTable for Table {
        fn error(&self, answer: &Answer<'_>) -> Error {
            match answer.json::<&str>() {
                Some("slow down") => Error::new(ErrorKind::RateLimited, "slow down"),
                _ => answer.by_status(),
            }
        }

        fn executed(&self, answer: &Answer<'_>) -> Executed {
            if answer.json() == Some("busy") { Executed::No } else { Executed::Unknown }
        }
    }

    #[test]
    fn a_table_may_know_that_nothing_was_done() {
        for (body, kind, executed) in [
            (r#""busy""#, ErrorKind::Unavailable, Executed::No),
            (r#""slow down""#, ErrorKind::RateLimited, Executed::No),
            ("<html>", ErrorKind::Unavailable, Executed::Unknown),
        ] {
            assert_eq!(failure(&Table, 503, body).outcome, Outcome::Refused { kind, executed });
        }
    }
}
