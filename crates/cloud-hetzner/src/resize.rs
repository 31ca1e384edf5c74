//! Changing the server type.

use async_trait::async_trait;
use cloud_types::{Error, ErrorKind, HostId, HostState, MachineTypeName, Resize, ResizeDisk, Result};

use crate::convert;
use crate::host::{Hetzner, Inner, named};
use crate::wire::ChangeType;

#[async_trait]
impl Resize for Hetzner {
    async fn resize_host(&self, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()> {
        named("resize_host", self.0.in_time(self.0.resize(id, to, disk)).await)
    }
}

impl Inner {
    /// The server's own type tells whether it was done, also after a lost answer.
    async fn resize(&self, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()> {
        let number = convert::number(id.as_str())?;
        let mut accepted = false;
        for _ in 0..PATIENCE {
            let server = self.reader.read_alone(number).await?;
            let state = convert::state(&server.status);
            if server.status == "migrating" || server.locked && accepted {
                self.pause().await;
                continue;
            }
            if server.server_type.name == to.as_str() {
                return Ok(());
            }
            if state != HostState::Stopped {
                let message = format!("host {id} is {state}: stop it and wait until it is stopped, then resize it");
                return Err(Error::new(ErrorKind::Conflict, message));
            }
            let catalog = self.catalog.get(self).await?;
            let region = convert::region_of(&server)?;
            catalog.check_resize(&server.server_type.name, to, &region)?;
            let body = ChangeType { server_type: to.as_str(), upgrade_disk: disk == ResizeDisk::GrowForever };
            match self.api.change_type(number, &body).await {
                Ok(action) => {
                    self.reader.begun(number, None, [action.id]);
                    return self.actions.wait_accepted(&action).await;
                }
                Err(error) if error.kind() == ErrorKind::OutcomeUnknown => accepted = true,
                // Locked by an action that is about to end, perhaps by this very change.
                Err(error) if error.code() == Some("locked") => accepted = true,
                Err(error) => return Err(error),
            }
            self.pause().await;
        }
        Err(Error::new(ErrorKind::Timeout, format!("host {id} is still locked: repeat the call")))
    }
}

/// How many looks, a second apart, at a server that is locked or moving.
const PATIENCE: u32 = 600;
