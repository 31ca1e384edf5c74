//! Changing the machine type of a stopped host
//! (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/change-instance-type-of-ebs-backed-instance.html>).

use async_trait::async_trait;
use cloud_types::{Ability, Error, ErrorKind, HostId, HostState, MachineTypeName, Resize, ResizeDisk, Result, Zone};

use crate::convert::{self, Place};
use crate::host::{Aws, Inner, named};
use crate::reader::LAG_PAUSE;

#[async_trait]
impl Resize for Aws {
    async fn resize_host(&self, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()> {
        named("resize_host", self.0.resize(id, to, disk).await)
    }
}

impl Inner {
    /// A boot disk is no part of a machine type here, so that it cannot grow with it: it grows as a volume. The instance's
    /// own type tells whether it was done, also after a lost answer.
    async fn resize(&self, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()> {
        if disk == ResizeDisk::GrowForever {
            self.capabilities().require(Ability::GrowBootDisk)?;
        }
        let place = Place::of_host(id)?;
        for _ in 0..TRIES {
            let instance = self.reader.read_alone(&place).await?;
            let host = convert::host(&place.region, &instance)?;
            if host.machine_type == *to {
                return Ok(());
            }
            if host.state != HostState::Stopped {
                let message =
                    format!("host {id} is {}: stop it and wait until it is stopped, then resize it", host.state);
                return Err(Error::new(ErrorKind::Conflict, message));
            }
            self.check_resize(&place, &host.machine_type, to, host.zone.as_ref().map(Zone::as_str)).await?;
            match self.api.set_machine_type(&place, to.as_str()).await {
                // Busy with what is about to end.
                Err(error) if error.kind() == ErrorKind::Conflict => self.clock.sleep(LAG_PAUSE).await,
                other => return other,
            }
        }
        Err(Error::new(ErrorKind::Conflict, format!("host {id} is busy: repeat the call")))
    }

    /// The new type must be offered in the zone, and have the architecture of the disk.
    async fn check_resize(
        &self,
        place: &Place,
        from: &MachineTypeName,
        to: &MachineTypeName,
        zone: Option<&str>,
    ) -> Result<()> {
        let new = self.catalog.machine(self, &place.region, to).await?;
        if let Some(zone) = zone.filter(|zone| !new.zones.contains(*zone)) {
            return Err(Error::invalid("machine", format!("{to} is not offered in {zone}")));
        }
        let known = self.catalog.machine(self, &place.region, from).await.ok();
        if known.is_some_and(|known| known.machine.architecture != new.machine.architecture) {
            return Err(Error::invalid("machine", format!("{to} has another architecture than {from}")));
        }
        Ok(())
    }
}

/// How often a host that is busy is tried again, a second apart.
const TRIES: u32 = 60;
