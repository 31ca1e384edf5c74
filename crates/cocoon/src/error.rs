//! Errors with what to do about them.

use cloud_types::{Error, ErrorKind, Name};
pub(crate) use cocoon_images::system::io_error as io;

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
