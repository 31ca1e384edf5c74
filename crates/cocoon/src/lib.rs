//! Virtual machines on one's own Linux box, without a daemon: each VM is a directory and, while it runs, a hypervisor's process.
//!
//! ```no_run
//! # async fn run() -> cloud_types::Result<()> {
//! use std::time::Duration;
//! use cloud_types::{MiB, Name};
//! use cocoon::{Removal, Stop, VmSpec};
//!
//! let cocoon = cocoon::Config::from_env()?.build();
//! let name = Name::new("web-1")?;
//! cocoon.create(&VmSpec::new(name.clone(), "debian-12.qcow2").memory(MiB::from_gib(2))).await?;
//! cocoon.start(&name).await?;
//! cocoon.stop(&name, Stop::Within(Duration::from_secs(30))).await?;
//! cocoon.remove(&name, Removal::OnlyStopped).await?;
//! # Ok(()) }
//! ```
//!
//! What may be relied on:
//! - **One directory a VM, no index.** A VM is published by one rename when all of it is there, which claims its name too, and
//!   retired by one when it is removed. Calls on different VMs never wait for each other.
//! - **A process is proven.** The hypervisor holds a lock of its VM from its start to its end, and the kernel releases it. Nothing
//!   is told or removed on the word of a process id or of a file's age.
//! - **Killed anywhere.** A command, a hypervisor or the machine may be killed at any step: the next call on the VM reads what
//!   is true, and finishes or undoes what was begun.
//! - **Networks are apart.** With root, a VM may be on a network of this installation: with an address that is known from its
//!   creation on, a way out, and no way in but its published ports and its neighbours there. Without, on QEMU's own.
//! - **Nothing waits for ever.** Every wait for a lock, an answer or an end has a deadline, and says what it waited for.
//!
//! The `cocoon` command, behind the feature `cli`, is the same for people.

mod abandon;
mod clone;
mod cocoon;
mod collect;
mod config;
mod console;
mod console_log;
mod create;
mod disk;
mod error;
mod hypervisor;
mod images;
mod keep;
mod launch;
mod network;
mod notice;
mod remove;
mod resize;
mod room;
mod root_disk;
mod seed;
mod shelf;
mod snapshot;
mod spec;
mod start;
mod state;
mod stop;
mod vm;
mod volume;

pub use cocoon_images::system::Version as RecordVersion;
use cocoon_images::system::{crash, program};

pub use cocoon::Cocoon;
pub use cocoon_images::{
    Boot, Deleted, Digest, DirectKernel, DiskFormat, ImageDisk, ImageFile, ImageKernel, ImageLimits, Images, Login,
    Pull, PullProgress, PullStep, Pulled, SnapshotNote, StoredImage, StoredSnapshot, Unused, Verified,
};
pub use config::{Acceleration, Config};
pub use console::Logs;
pub use hypervisor::{CommandLine, HypervisorKind, cloud_hypervisor};
pub use network::{Connection, Network, NetworkAddress, NetworkChoice, NetworkLeftover};
pub use notice::Notice;
pub use remove::Removal;
pub use resize::Resize;
pub use room::box_memory;
pub use shelf::{HeldShelf, Shelf};
pub use snapshot::KeptStopped;
pub use spec::VmSpec;
pub use start::Started;
pub use state::{
    AttachedVolume, Disk, DiskSnapshot, Ending, Hardware, HostMark, Kernel, LockedVm, PublishedPort, Uefi, VmId,
};
pub use stop::{Stop, Stopped};
pub use vm::{Vm, VmState};
