//! SSH, behind the feature `ssh`: who a host is, what its first boot came to, and commands on it.

mod cloud_init;
mod command;
mod first_boot;
mod greeting;
mod host_key;
mod private_key;
mod reach;
mod session;

pub use command::{Command, Exit, Output};
pub use host_key::HostKey;
pub use private_key::SshPrivateKey;
pub use reach::Ssh;
pub use session::Session;
