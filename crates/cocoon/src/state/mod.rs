//! What is kept on disk: one directory a VM, its record, and the locks that make changes safe.
//!
//! There is no index and no daemon. What exists is what `vms/` lists, and what runs is what holds its VM's `alive` lock.
//!
//! | Path below the root | What it is |
//! |---|---|
//! | `vms/NAME/vm.json` | the record |
//! | `vms/NAME/lock` | held by the command that changes the VM |
//! | `vms/NAME/alive` | held by the hypervisor's process, from its start to its end |
//! | `vms/NAME/…` | the VM's disks and kernel |
//! | `networks/NAME/…` | a network: see [`network`](crate::network) |
//! | `staging/` | directories on their way in or out; free for all while nobody holds `staging.lock` |
//! | `volumes/`, `ssh-keys/` | what owners keep besides VMs: see [`Shelf`](crate::Shelf) |

mod alive;
mod layout;
mod mark;
mod record;
mod staging;
mod store;
mod volume;

pub(crate) use cocoon_images::system::{FileLock, Version, durable};

pub(crate) use alive::{Alive, Holder, Proof};
pub(crate) use layout::{Layout, VmPaths};
pub use mark::HostMark;
pub use record::{Disk, DiskSnapshot, Ending, Hardware, Kernel, PublishedPort, Uefi, VmId};
pub(crate) use record::{FirstBoot, Power, Record};
pub(crate) use staging::Stage;
pub use store::LockedVm;
pub(crate) use store::Store;
pub use volume::AttachedVolume;
pub(crate) use volume::SLOTS;
