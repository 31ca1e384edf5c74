//! Cloud Hypervisor: its command line, its REST API on a Unix socket, and what its files say of a guest.
//!
//! The whole VM stands on the command line, so that the process and the VM begin and end together; the API does the rest.
//! Written against version 53. The API is described at
//! <https://github.com/cloud-hypervisor/cloud-hypervisor/blob/main/vmm/src/api/openapi/cloud-hypervisor.yaml>; where the
//! program answers otherwise, the program is followed, and the place says so.

mod arguments;
mod client;
mod error;
mod events;
mod http;
mod kvm;
mod life;
mod machine;
mod wire;

pub use client::Client;
pub(crate) use machine::CloudHypervisor;
pub use wire::{
    Console, Counters, Cpus, DeviceInfo, DiskDevice, ImageType, Memory, Mode, NetDevice, Payload, Ping, Resize,
    Restore, VmConfig, VmInfo, VmState,
};
