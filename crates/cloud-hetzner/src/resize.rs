//! Changing the server type.

use std::time::Duration;

use async_trait::async_trait;
use cloud_types::{Error, ErrorKind, HostId, HostState, MachineTypeName, Resize, ResizeDisk, Result};

use crate::convert;
use crate::error::progress;
use crate::host::Hetzner;
use crate::parts::Parts;

#[async_trait]
impl Resize for Hetzner {
    async fn resize_host(&self, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()> {
        self.0.account.call("resize_host", resize(&self.0, id, to, disk)).await
    }
}

/// The server's own type tells whether it was done, also after a lost answer.
async fn resize(parts: &Parts, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()> {
    let number = convert::number(id.as_str())?;
    let mut patience = parts.account.patience(BUSY);
    let mut accepted = false;
    let busy = || Error::new(ErrorKind::Timeout, format!("host {id} is still locked: repeat the call"));
    loop {
        let server = parts.reader.read_alone(id).await?;
        if server.migrating || server.locked && accepted {
            patience.wait(busy()).await?;
            continue;
        }
        let host = &server.host;
        if host.machine_type == *to {
            return Ok(());
        }
        if host.state != HostState::Stopped {
            let state = &host.state;
            let message = format!("host {id} is {state}: stop it and wait until it is stopped, then resize it");
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        parts.catalog.read().await?.check_resize(&host.machine_type, to, &host.region)?;
        match parts.api.change_type(number, &convert::change_type(to, disk)).await {
            Ok(action) => {
                parts.reader.recent.begun(number, [action.id]);
                return parts.operations.finish(progress(&action)).await;
            }
            // Nobody said; or locked by an action that is about to end, perhaps by this very change.
            Err(error) if error.kind() == ErrorKind::OutcomeUnknown || error.code() == Some("locked") => {
                accepted = true;
            }
            Err(error) => return Err(error),
        }
        patience.wait(busy()).await?;
    }
}

/// How long a server may be locked or moving.
const BUSY: Duration = Duration::from_secs(600);
