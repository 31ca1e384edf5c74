//! A volume at a VM: a disk of its own, which stays when the VM goes.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::VmId;

/// A volume that a VM has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AttachedVolume {
    /// Which one; the guest sees it as `/dev/disk/by-id/virtio-ID`.
    pub id: VmId,
    /// Its file, in qcow2.
    pub file: PathBuf,
    /// The slot of the VM that it is plugged into, counted from 0.
    pub slot: u32,
}

/// How many volumes a VM may have: each takes a slot of its board, which is there from its start.
pub(crate) const SLOTS: u32 = 8;
