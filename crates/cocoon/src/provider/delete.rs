//! Deleting a host, with all that its create made.

use cloud_types::{ErrorKind, HostId, Result};

use super::convert;
use super::host::Inner;
use crate::Removal;

impl Inner {
    pub(super) async fn delete(&self, id: &HostId) -> Result<()> {
        self.forget(id);
        let Ok((name, incarnation)) = convert::vm_of(id) else { return Ok(()) };
        // Another VM may have the name by now, and is not meant.
        let vm = match self.config.cocoon.store.lock(&name, "delete").await {
            Ok(vm) if vm.record().id == incarnation => Some(vm),
            Ok(_) => None,
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        match vm {
            Some(vm) => self.config.cocoon.remove_locked(vm, Removal::EvenRunning).await,
            None => Ok(()),
        }
    }
}
