//! Errors of this provider; those of the library `cocoon` have their kinds already.

use cloud_types::{Error, ErrorKind, HostId, Result};

use crate::ID;

/// Names provider and operation in an error.
pub(crate) fn named<T>(operation: &'static str, result: Result<T>) -> Result<T> {
    result.map_err(|error| error.with_provider(&ID).with_operation(operation))
}

/// A host that does not exist, or does not any more.
pub(crate) fn no_such_host(id: &HostId) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no host {id}"))
}

/// A VM's name that something else has: `by` says what.
pub(crate) fn taken(vm: &cloud_types::Name, by: &str) -> Error {
    Error::new(ErrorKind::AlreadyExists, format!("the name is taken by {by}: VM `{vm}`"))
}
