//! What the cloud refuses with, in our kinds: one row for each of its words.

use cloud_types::{Error, ErrorKind};
use cloud_world::WorldError;

/// The code of a refusal that ends by itself once a running change has ended.
pub(crate) const LOCKED: &str = "locked";

/// The refusal of the cloud as an error of ours.
pub(crate) fn refusal(error: WorldError) -> Error {
    let message = error.to_string();
    let (kind, code) = match error {
        WorldError::Invalid { field, rule } => return Error::invalid(argument(field), rule).with_code("invalid"),
        WorldError::NotFound { .. } => (ErrorKind::NotFound, "not_found"),
        WorldError::NameTaken { .. } => (ErrorKind::AlreadyExists, "name_taken"),
        WorldError::KeyTaken => (ErrorKind::AlreadyExists, "key_taken"),
        WorldError::Locked { .. } => (ErrorKind::Conflict, LOCKED),
        WorldError::Protected { .. } => (ErrorKind::Conflict, "protected"),
        WorldError::WrongState { .. } => (ErrorKind::Conflict, "wrong_state"),
        WorldError::InUse { .. } => (ErrorKind::Conflict, "in_use"),
        WorldError::QuotaFull { .. } => (ErrorKind::QuotaExceeded, "quota_full"),
        WorldError::NoCapacity { .. } => (ErrorKind::NoCapacity, "no_capacity"),
    };
    Error::new(kind, message).with_code(code)
}

/// A thing that is not there.
pub(crate) fn not_found(what: &str, id: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no {what} {id:?}")).with_code("not_found")
}

/// A change that waits for another one.
pub(crate) fn locked(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Conflict, message.into()).with_code(LOCKED)
}

/// Whether the request may or may not have been carried out.
pub(crate) fn is_unknown(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::OutcomeUnknown | ErrorKind::Unavailable)
}

/// Whether a repeat a little later may go better: for requests that do no harm when carried out twice.
pub(crate) fn is_passing(error: &Error) -> bool {
    is_unknown(error) || error.kind() == ErrorKind::RateLimited || error.code() == Some(LOCKED)
}

/// The cloud's word for an argument as the contract calls it.
fn argument(field: &'static str) -> &'static str {
    match field {
        "disk" => "machine",
        other => other,
    }
}
