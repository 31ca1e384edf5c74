//! Errors of this provider; those of the library `cocoon` have their kinds already.

use cloud_types::{Error, ErrorKind, HostId, Name};

/// A host that does not exist, or does not any more.
pub(crate) fn no_such_host(id: &HostId) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no host {id}"))
}

/// A VM's name that another VM has.
pub(crate) fn taken(vm: &Name) -> Error {
    Error::new(ErrorKind::AlreadyExists, format!("there is a VM `{vm}` already"))
}
