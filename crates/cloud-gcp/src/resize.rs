//! Changing the machine type of a stopped host.

use async_trait::async_trait;
use cloud_types::{Ability, Error, ErrorKind, HostId, HostState, MachineTypeName, Resize, ResizeDisk, Result};

use crate::convert::{self, Place};
use crate::host::{Gcp, Inner, named};
use crate::reader::LAG_PAUSE;

#[async_trait]
impl Resize for Gcp {
    async fn resize_host(&self, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()> {
        named("resize_host", self.0.resize(id, to, disk).await)
    }
}

impl Inner {
    /// A boot disk is no part of a machine type here, so that it cannot grow with it. The instance's own type tells whether
    /// it was done, also after a lost answer.
    async fn resize(&self, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()> {
        if disk == ResizeDisk::GrowForever {
            self.capabilities().require(Ability::GrowBootDisk)?;
        }
        let place = Place::read(id.as_str())?;
        for _ in 0..TRIES {
            let instance = self.reader.read_alone(&place).await?;
            let now = convert::host(&instance)?.machine_type;
            if now == *to {
                return Ok(());
            }
            let state = convert::state(&instance.status);
            if state != HostState::Stopped {
                let message = format!("host {id} is {state}: stop it and wait until it is stopped, then resize it");
                return Err(Error::new(ErrorKind::Conflict, message));
            }
            self.check_resize(&now, to, &place.zone).await?;
            let changed = match self.api.set_machine_type(&Place::of(&instance), to.as_str()).await {
                Ok(operation) => self.operations.wait(&operation).await,
                Err(error) => Err(error),
            };
            match changed {
                // Busy with what is about to end, perhaps with this very change.
                Err(error) if error.kind() == ErrorKind::Conflict => self.clock.sleep(LAG_PAUSE).await,
                other => return other,
            }
        }
        Err(Error::new(ErrorKind::Conflict, format!("host {id} is busy: repeat the call")))
    }

    /// The new type must be sold in the zone, have the architecture of the disk, and need no GPU added or taken.
    async fn check_resize(&self, from: &MachineTypeName, to: &MachineTypeName, zone: &str) -> Result<()> {
        let region = convert::region_of(zone)?;
        let sold = self.catalog.region(self, &region).await?;
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
}

/// How often a host that is busy is tried again, a second apart.
const TRIES: u32 = 60;
