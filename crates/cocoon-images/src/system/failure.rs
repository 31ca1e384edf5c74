//! What the system's failures mean: one place that turns them into the contract's errors.

use std::fmt::Display;
use std::io;

use cloud_types::{Error, ErrorKind};

/// A failure of the system while `doing` something: `doing: what the system says`, of the kind that says what to do about it.
pub fn io_error(doing: impl Display, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => ErrorKind::NotFound,
        io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
        io::ErrorKind::AlreadyExists => ErrorKind::AlreadyExists,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::QuotaExceeded,
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            ErrorKind::Unavailable
        }
        io::ErrorKind::TimedOut => ErrorKind::Timeout,
        _ => ErrorKind::Unexpected,
    };
    Error::new(kind, format!("{doing}: {error}")).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_was_being_done_and_what_the_system_said() {
        let error = io_error("opening /x", io::Error::from(io::ErrorKind::PermissionDenied));
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert_eq!(error.message(), "opening /x: permission denied");
    }
}
