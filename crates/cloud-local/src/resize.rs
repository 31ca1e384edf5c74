//! Changing a host's machine type.

use async_trait::async_trait;
use cloud_types::{Error, ErrorKind, HostId, MachineTypeName, Resize, ResizeDisk, Result};
use cloud_world::HostState;
use jiff::Timestamp;

use crate::cloud::Cloud;
use crate::error::{not_found, refusal};
use crate::faults::Operation;
use crate::local::Local;

#[async_trait]
impl Resize for Local {
    async fn resize_host(&self, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()> {
        let resize = |cloud: &mut Cloud, now| step(cloud, id, to, disk, now);
        let resized = self.0.client.until("the host is resized", Operation::ResizeHost, resize);
        self.0.account.call("resize_host", resized).await
    }
}

/// Begins the resize where it has not begun; `None` until the host has the machine type.
fn step(cloud: &mut Cloud, id: &HostId, to: &MachineTypeName, disk: ResizeDisk, now: Timestamp) -> Result<Option<()>> {
    let host = cloud.host(id.as_str())?;
    if host.machine == to.as_str() {
        return Ok(Some(()));
    }
    match host.state {
        HostState::Migrating => return Ok(None),
        HostState::Deleting => return Err(not_found("host", id.as_str())),
        HostState::Off => {}
        _ => return Err(Error::new(ErrorKind::Conflict, format!("host {id} must be stopped first"))),
    }
    let wanted = cloud.world.catalog.machine(to.as_str());
    let Some(wanted) = wanted.filter(|machine| machine.prices.contains_key(&host.region)) else {
        return Err(Error::invalid("machine", format!("there is no {to} in {}", host.region)));
    };
    let present = cloud.world.catalog.machine(&host.machine).map_or(0, |machine| machine.disk_gb);
    if wanted.disk_gb < host.boot_disk_gb.min(present) {
        let rule =
            format!("must come with the {} GiB that the boot disk has, {to} has {}", host.boot_disk_gb, wanted.disk_gb);
        return Err(Error::invalid("machine", rule));
    }
    let size = match disk {
        ResizeDisk::Keep => host.boot_disk_gb,
        ResizeDisk::GrowForever => host.boot_disk_gb.max(wanted.disk_gb),
    };
    let host = host.id;
    cloud.world.resize_host(host, to.as_str(), size, HostState::Off, now).map_err(refusal)?;
    // What takes no time is done already.
    Ok(cloud.world.host(host).is_ok_and(|host| host.machine == to.as_str()).then_some(()))
}
