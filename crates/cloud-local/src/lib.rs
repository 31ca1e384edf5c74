//! The in-memory provider: the reference semantics of the contract, without an account and without a network.
//!
//! [`Local`] keeps every promise of [`cloud_types`] over a small cloud in this process's memory, where changes take
//! (injected) time, zones sell out, quotas fill up, and requests get lost when [`Config::faults`] or [`Local::inject`]
//! say so. Code that is tested on it meets what it will meet on a real cloud.
//!
//! ```
//! use std::time::Duration;
//! use cloud_local::Local;
//! use cloud_types::{CloudProvider, CloudProviderExt, HostSpec, HostState, Image, Machine, Name, Region, Wait};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
//! # runtime.block_on(async {
//! let local = Local::new();
//! let spec = HostSpec::new(Name::new("web-1")?, Region::new("local-a")?, Machine::named("small")?, Image::debian("12"));
//! let host = local.create_and_wait(&spec, Wait::within(Duration::from_secs(60))).await?;
//! assert_eq!(host.state, HostState::Running);
//!
//! local.delete_and_wait(&host.id, Wait::within(Duration::from_secs(60))).await?;
//! assert!(local.inspect().is_empty());
//! # Ok::<(), cloud_types::Error>(())
//! # }).unwrap();
//! ```
//!
//! Its own parts mirror those of a provider over HTTP: `cloud` is the other side of the wire, where every request is
//! atomic; `client` is the wire, where requests wait and get lost; the other files say what can be done by such requests, of
//! which [`cloud_driver`] makes the promises.

mod capabilities;
mod catalog;
mod client;
mod cloud;
mod config;
mod console;
mod convert;
mod create;
mod delete;
mod dependents;
mod error;
mod faults;
mod host;
mod inspect;
mod labels;
mod local;
mod reader;
mod resize;
mod snapshot;
mod ssh_key;
mod stock;
mod sweep;
mod volume;

use cloud_types::ProviderId;

pub use cloud_world as world;
pub use config::Config;
pub use faults::{Fault, FaultKind, Operation};
pub use inspect::{Inspection, SeenHost};
pub use local::Local;

/// The id of this provider.
pub const ID: ProviderId = ProviderId::new("local");
