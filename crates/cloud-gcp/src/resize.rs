//! Changing the machine type of a stopped host.

use std::time::Duration;

use async_trait::async_trait;
use cloud_types::{Ability, Error, ErrorKind, HostId, HostState, MachineTypeName, Resize, ResizeDisk, Result};

use crate::convert;
use crate::host::Gcp;
use crate::parts::Parts;
use crate::place::Place;

#[async_trait]
impl Resize for Gcp {
    async fn resize_host(&self, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()> {
        self.0.account.call("resize_host", resize(&self.0, id, to, disk)).await
    }
}

/// A boot disk is no part of a machine type here, so that it cannot grow with it. The instance's own type tells whether it
/// was done, also after a lost answer.
async fn resize(parts: &Parts, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()> {
    if disk == ResizeDisk::GrowForever {
        parts.account.capabilities().require(Ability::GrowBootDisk)?;
    }
    let place = Place::read(id.as_str())?;
    let mut patience = parts.account.patience(BUSY).at_least(TRIES);
    loop {
        let seen = parts.reader.read_alone(&place).await?;
        let now = seen.host.clone()?.machine_type;
        if now == *to {
            return Ok(());
        }
        let state = &seen.state;
        if *state != HostState::Stopped {
            let message = format!("host {id} is {state}: stop it and wait until it is stopped, then resize it");
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        check(parts, &now, to, &place.zone).await?;
        let body = convert::set_machine_type(&place.zone, to);
        match parts.operations.finish(parts.api.set_machine_type(&seen.place, &body)).await {
            // Busy with what is about to end, perhaps with this very change.
            Err(error) if error.kind() == ErrorKind::Conflict => patience.wait(error).await?,
            other => return other,
        }
    }
}

/// The new type must be sold in the zone, have the architecture of the disk, and need no GPU added or taken.
async fn check(parts: &Parts, from: &MachineTypeName, to: &MachineTypeName, zone: &str) -> Result<()> {
    let sold = parts.shelf.region(&convert::region_of(zone)?).await?;
    if [from, to].iter().any(|name| name.as_str().contains(':')) {
        return Err(Error::invalid("machine", "added GPUs cannot be changed"));
    }
    if !sold.zones_with(to)?.contains(&zone) {
        return Err(Error::invalid("machine", format!("{to} is not sold in {zone}")));
    }
    let known = sold.architecture(from.as_str()).ok();
    if known.is_some_and(|known| sold.architecture(to.as_str()).is_ok_and(|new| new != known)) {
        return Err(Error::invalid("machine", format!("{to} has another architecture than {from}")));
    }
    Ok(())
}

/// How long a host may be busy.
const BUSY: Duration = Duration::from_secs(60);
/// How often it is tried at least.
const TRIES: u32 = 7;
