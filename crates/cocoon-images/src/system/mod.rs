//! State on disk that survives any kill: files that are there in full or not at all, locks that the kernel releases, names by
//! which a process knows its own files, and steps at which tests kill it.
//!
//! The crate `cocoon` keeps its VMs by the same rules, and takes them from here.

mod blocking;
pub mod crash;
pub mod durable;
mod failure;
mod lock;
mod own;
pub mod program;
mod version;

pub use blocking::blocking;
pub use failure::io_error;
pub use lock::{FileLock, locked, same_file};
pub use own::{own_name, remove_own};
pub use version::Version;
