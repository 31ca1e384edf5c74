//! QEMU's words for volumes: disks that are plugged in and pulled out while a VM runs.
//!
//! Each is behind a port of its own, whose slot tells the guest of it as PCI Express does
//! (<https://gitlab.com/qemu-project/qemu/-/blob/master/docs/pcie.txt>).
//! Through the firmware's tables, QEMU's other way, a guest that has not booted could never let go of a disk.

use std::time::Duration;

use cloud_types::{Error, ErrorKind, Result};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::qmp::Qmp;
use crate::state::{AttachedVolume, SLOTS, VmId};

/// What a volume is called on the command line and on the control socket.
pub(super) fn name(id: &VmId) -> String {
    format!("volume-{id}")
}

/// The options that give a VM its slots.
pub(super) fn slots() -> impl Iterator<Item = (&'static str, String)> {
    let native = ("-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off".to_owned());
    let ports = (0..SLOTS).map(|slot| {
        // Both are counted from 1, since 0 is the board's own.
        let number = slot + 1;
        ("-device", format!("pcie-root-port,id=slot{slot},chassis={number},slot={number}"))
    });
    std::iter::once(native).chain(ports)
}

impl Qmp {
    /// Plugs a volume in; what is in already stays.
    pub(super) async fn plug_volume(&mut self, volume: &AttachedVolume) -> Result<()> {
        let name = name(&volume.id);
        let node = json!({
            "driver": "qcow2",
            "node-name": name,
            "discard": "unmap",
            "file": { "driver": "file", "filename": volume.file },
        });
        unless(self.execute("blockdev-add", node).await, "Duplicate")?;
        let device = json!({
            "driver": "virtio-blk-pci",
            "id": name,
            "drive": name,
            "serial": volume.id,
            "bus": format!("slot{}", volume.slot),
        });
        unless(self.execute("device_add", device).await, "Duplicate")
    }

    /// Pulls a volume out, as soon as the guest lets go of it.
    ///
    /// # Errors
    /// `Conflict` where it does not.
    pub(super) async fn unplug_volume(&mut self, id: &VmId) -> Result<()> {
        let name = name(id);
        // Asked again, it says that the guest has been asked.
        let deadline = Instant::now() + LETTING_GO;
        let mut asked = self.execute("device_del", json!({ "id": name })).await;
        while self.has_device(&name).await? {
            if Instant::now() > deadline {
                let message = format!("the guest does not let go of {name}: unmount it there, or stop the host first");
                let error = Error::new(ErrorKind::Conflict, message);
                return Err(match asked {
                    Err(refused) => error.with_source(refused),
                    Ok(_) => error,
                });
            }
            sleep(LOOK_AGAIN).await;
            if asked.is_err() {
                asked = self.execute("device_del", json!({ "id": name })).await;
            }
        }
        loop {
            match self.execute("blockdev-del", json!({ "node-name": name })).await {
                // The device is taken apart some moments after it is gone.
                Err(error) if error.message().contains("in use") && Instant::now() < deadline => {
                    sleep(LOOK_AGAIN).await;
                }
                deleted => return unless(deleted, "Failed to find node"),
            }
        }
    }

    async fn has_device(&mut self, name: &str) -> Result<bool> {
        let listed = self.execute("qom-list", json!({ "path": "/machine/peripheral" })).await?;
        Ok(listed.as_array().is_some_and(|devices| devices.iter().any(|device| device["name"] == name)))
    }
}

/// Success too where QEMU refuses with these words: it was done before.
fn unless(done: Result<Value>, words: &str) -> Result<()> {
    match done {
        Err(error) if error.kind() == ErrorKind::InvalidRequest && error.message().contains(words) => Ok(()),
        // What QEMU refuses is not the caller's wish.
        Err(error) if error.kind() == ErrorKind::InvalidRequest => Err(error.with_kind(ErrorKind::Unexpected)),
        done => done.map(drop),
    }
}

/// How long a guest may take: Linux waits five seconds for somebody to change his mind.
const LETTING_GO: Duration = Duration::from_secs(20);

const LOOK_AGAIN: Duration = Duration::from_millis(50);
