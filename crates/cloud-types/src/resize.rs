//! Changing a host's machine type.

use async_trait::async_trait;

use crate::{HostId, MachineTypeName, Result};

/// The ability to change the machine type of a stopped host.
#[async_trait]
pub trait Resize: Send + Sync {
    /// Gives a stopped host another machine type; returns when the change is done, with the host in the state that
    /// [`Capabilities::after_resize`](crate::Capabilities::after_resize) says or on its way there.
    ///
    /// # Contract
    /// - The host must be stopped (`a_running_host_is_not_resized`); it keeps its id, disks and addresses (`a_stopped_host_is_resized`).
    /// - A host that has the machine type already is left alone, so a lost answer can be repeated.
    ///
    /// # Errors
    /// `Conflict` (not stopped), `InvalidRequest` on field `machine` (unknown, another architecture, or a smaller
    /// disk), `NoCapacity`, `NotFound`, and what every call can meet.
    async fn resize_host(&self, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()>;
}

/// What a resize does to the boot disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResizeDisk {
    /// Keeps its size, so that the host can be made smaller again.
    Keep,
    /// Grows it to the new machine type's: it can never shrink again.
    GrowForever,
}
