//! What the system's failures mean: one place that turns them into the contract's errors, with what to do.

use std::fmt::Display;
use std::io;

use cloud_types::{Error, ErrorKind, Name};

/// A failure of the system while `doing` something: `doing: what the system says`.
pub(crate) fn io(doing: impl Display, error: io::Error) -> Error {
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

/// A program that is not installed, and the package that has it.
pub(crate) fn missing_program(program: &str, package: &str) -> Error {
    let message = format!("{program} is not installed: install it (on Debian and Ubuntu: apt install {package})");
    Error::new(ErrorKind::Unsupported, message)
}

/// A VM that does not exist.
pub(crate) fn no_such_vm(name: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no VM `{name}`: `cocoon ps` lists those that there are"))
}

/// A name that another VM has.
pub(crate) fn name_taken(name: &Name) -> Error {
    let message = format!("there is a VM `{name}` already: choose another name, or remove that one");
    Error::new(ErrorKind::AlreadyExists, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_was_being_done_and_what_the_system_said() {
        let error = io("opening /x", io::Error::from(io::ErrorKind::PermissionDenied));
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert_eq!(error.message(), "opening /x: permission denied");
    }
}
