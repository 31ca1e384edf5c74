//! Hetzner Cloud hosts behind the contract of [`cloud_types`].
//!
//! ```no_run
//! # async fn run() -> cloud_types::Result<()> {
//! use std::time::Duration;
//! use cloud_types::{CloudProviderExt, HostSpec, Image, Machine, Name, Region, Wait};
//!
//! let hetzner = cloud_hetzner::Config::from_env()?.build()?;
//! let spec = HostSpec::new(Name::new("web-1")?, Region::new("fsn1")?, Machine::named("cx22")?, Image::ubuntu("24.04"));
//! let host = hetzner.create_and_wait(&spec, Wait::within(Duration::from_secs(300))).await?;
//! println!("{} is {} at {:?}", host.name, host.state, host.addresses.public_v4);
//! # Ok(()) }
//! ```
//!
//! How Hetzner maps to the contract:
//! - A region is a location (`fsn1`); there are no zones. A machine type is a server type, whose disk size is fixed.
//! - Server names are unique in a project, whoever owns them: a name that another owner has is `AlreadyExists`.
//! - A stopped host is billed in full. A resize starts the host again.
//! - A host's SSH keys and its firewall are made when first needed, shared by the hosts that ask for the same, and
//!   deleted with the last of them. A data disk is a volume named after its host.
//! - Waits ask about *actions*, 25 at a time, and read waiting hosts 50 at a time: never more than 8 calls a second,
//!   however many hosts wait.

mod auth;
mod catalog;
mod client;
mod config;
mod console;
mod convert;
mod create;
mod delete;
mod dependents;
mod error;
mod host;
mod labels;
mod operations;
mod parts;
mod reader;
mod resize;
mod shelf;
mod snapshot;
mod ssh_key;
mod sweep;
mod volume;
mod wire;

use cloud_types::ProviderId;

pub use config::Config;
pub use host::Hetzner;

/// The id of this provider.
pub const ID: ProviderId = ProviderId::new("hetzner");
