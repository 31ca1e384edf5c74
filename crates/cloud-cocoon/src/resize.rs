//! Changing the machine type of a stopped host.

use async_trait::async_trait;
use cloud_types::{Error, ErrorKind, GiB, HostId, MachineTypeName, Resize, ResizeDisk, Result};
use cocoon::VmState;

use crate::host::Provider;
use crate::parts::Parts;
use crate::{convert, machine};

#[async_trait]
impl Resize for Provider {
    async fn resize_host(&self, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()> {
        self.0.account.call("resize_host", resize(&self.0, id, to, disk)).await
    }
}

async fn resize(parts: &Parts, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()> {
    let vm = parts.vm(id).await?;
    let machine = machine::find(&parts.offers.machines, to)?;
    if vm.state != VmState::Stopped {
        let message = format!("host {id} is {}: stop it and wait until it is stopped", convert::state(&vm));
        return Err(Error::new(ErrorKind::Conflict, message));
    }
    let boot = parts.offers.boot_disk(&vm).await?;
    let wanted = machine::disk(machine);
    let is_same = vm.host.as_ref().is_some_and(|host| host.machine_type == *to);
    // A disk that was asked for apart is larger than its type's, and bound to none.
    let of_type = vm.host.as_ref().and_then(|host| machine::find(&parts.offers.machines, &host.machine_type).ok());
    let is_apart = of_type.is_none_or(|machine| machine::disk(machine) < boot);
    if !is_same && wanted < boot && !is_apart {
        return Err(smaller(to, wanted, boot));
    }
    if is_same && (disk == ResizeDisk::Keep || boot >= wanted) {
        return Ok(());
    }
    let mut change = cocoon::Resize::new().cpus(machine.vcpus).memory(machine.memory);
    if disk == ResizeDisk::GrowForever && wanted > boot {
        change = change.storage(wanted);
    }
    change = change.machine_type(to.clone());
    parts.cocoon.resize_if(&vm.name, &vm.id, &change).await.map(drop)
}

fn smaller(to: &MachineTypeName, has: GiB, boot: GiB) -> Error {
    Error::invalid("machine", format!("{to} has a disk of {has}, and the host's has {boot}: a disk does not shrink"))
}
