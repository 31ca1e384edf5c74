//! Changing the machine type of a stopped host
//! (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/change-instance-type-of-ebs-backed-instance.html>).

use std::time::Duration;

use async_trait::async_trait;
use cloud_types::{Ability, Error, ErrorKind, HostId, HostState, MachineTypeName, Resize, ResizeDisk, Result};

use crate::convert::{Place, Seen};
use crate::host::Aws;
use crate::parts::Parts;

#[async_trait]
impl Resize for Aws {
    async fn resize_host(&self, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()> {
        self.0.account.call("resize_host", resize(&self.0, id, to, disk)).await
    }
}

/// A boot disk is no part of a machine type here, so that it cannot grow with it: it grows as a volume. The instance's own
/// type tells whether it was done, also after a lost answer.
async fn resize(parts: &Parts, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()> {
    if disk == ResizeDisk::GrowForever {
        parts.account.capabilities().require(Ability::GrowBootDisk)?;
    }
    let place = Place::of_host(id)?;
    let mut patience = parts.account.patience(BUSY);
    loop {
        let seen = parts.reader.read_alone(&place).await?;
        if seen.host.machine_type == *to {
            return Ok(());
        }
        let state = &seen.host.state;
        if *state != HostState::Stopped {
            let message = format!("host {id} is {state}: stop it and wait until it is stopped, then resize it");
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        check(parts, &seen, to).await?;
        match parts.api.set_machine_type(&place, to.as_str()).await {
            // Busy with what is about to end.
            Err(error) if error.kind() == ErrorKind::Conflict => {
                let message = format!("host {id} is busy: repeat the call");
                patience.wait(Error::new(ErrorKind::Conflict, message)).await?;
            }
            other => return other,
        }
    }
}

/// The new type must be offered in the zone, and have the architecture of the disk.
async fn check(parts: &Parts, seen: &Seen, to: &MachineTypeName) -> Result<()> {
    let (region, from) = (&seen.place.region, &seen.host.machine_type);
    let new = parts.stock.machine(region, to).await?;
    if let Some(zone) = seen.host.zone.as_ref().filter(|zone| !new.zones.contains(zone.as_str())) {
        return Err(Error::invalid("machine", format!("{to} is not offered in {zone}")));
    }
    let known = parts.stock.machine(region, from).await.ok();
    if known.is_some_and(|known| known.machine.architecture != new.machine.architecture) {
        return Err(Error::invalid("machine", format!("{to} has another architecture than {from}")));
    }
    Ok(())
}

/// How long a host may be busy.
const BUSY: Duration = Duration::from_secs(60);
