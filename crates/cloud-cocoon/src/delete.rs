//! Deleting a host, with all that its create made.

use cloud_types::{ErrorKind, HostId, Result};
use cocoon::Removal;

use crate::convert;
use crate::host::Inner;

impl Inner {
    pub(crate) async fn delete(&self, id: &HostId) -> Result<()> {
        self.forget(id);
        let Ok((name, _)) = convert::vm_of(id) else { return Ok(()) };
        // Another VM may have the name by now, and is not meant.
        let vm = match self.locked(id, "delete").await {
            Ok(vm) => Some(vm),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if let Some(vm) = vm {
            self.config.cocoon.remove_locked(vm, Removal::EvenRunning).await?;
        }
        // Also where the VM is gone: a delete may have been interrupted right here.
        self.drop_data_disks(&name).await
    }
}
