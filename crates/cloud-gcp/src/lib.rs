//! Google Compute Engine hosts behind the contract of [`cloud_types`].
//!
//! ```no_run
//! # async fn run() -> cloud_types::Result<()> {
//! use std::time::Duration;
//! use cloud_types::{CloudProviderExt, HostSpec, Image, Machine, Name, Region, Wait};
//!
//! let gcp = cloud_gcp::Config::from_env()?.build()?;
//! let machine = Machine::named("e2-small")?;
//! let spec = HostSpec::new(Name::new("web-1")?, Region::new("europe-west1")?, machine, Image::ubuntu("24.04"));
//! let host = gcp.create_and_wait(&spec, Wait::within(Duration::from_secs(300))).await?;
//! println!("{} is {} at {:?}", host.name, host.state, host.addresses.public_v4);
//! # Ok(()) }
//! ```
//!
//! How Compute Engine maps to the contract:
//! - A region is a region (`europe-west1`), a zone one of its zones (`europe-west1-b`). Where a spec names no zone, the
//!   zones of the region are tried in an order that owner and name decide, until one has capacity.
//! - Instances have names, unique in a zone, which a later host may have again. So a [`HostId`](cloud_types::HostId) is
//!   `zone/name/number`, with Google's number of this very instance; `zone/name` is taken too, and means whichever host has
//!   the name now. A volume's id is `zone/name`, a snapshot's is its name.
//! - Every change is an *operation* that can fail later. A create answers when the host has got its machine, or with
//!   what kept it from that; waits ask about operations and hosts many at a time.
//! - User data goes to cloud-init on images that have it (Ubuntu), and is the startup script on Debian, which has none.
//!   There a `#cloud-config` would do nothing and is refused.
//! - Inbound ports are firewall rules bound to the hosts by a tag, shared by the owner's hosts that ask for the same, and
//!   deleted with the last of them. They also shut what a network lets in by default, from inside it too.
//! - A stopped host costs its disks. Its public address is another one after each start, unless
//!   [`Config::reserved_addresses`] gives it one of its own, which is billed all the time.
//! - A spot host that Google takes away is stopped, disks kept, and [`Preempted`](cloud_types::HostState::Preempted) until it
//!   is started again. Google's status does not tell it from one that was stopped by its owner, so that stopped spot hosts
//!   cost a call more.

mod address;
mod auth;
mod catalog;
mod client;
mod config;
mod console;
mod convert;
mod create;
mod delete;
mod disk;
mod error;
mod firewall;
mod host;
mod image;
mod labels;
mod network;
mod operations;
mod parts;
mod place;
mod plan;
mod planner;
mod preempted;
mod reader;
mod resize;
mod seen;
mod shelf;
mod snapshot;
mod suspend;
mod sweep;
mod volume;
mod wire;

use cloud_types::ProviderId;

pub use config::Config;
pub use host::Gcp;

/// The id of this provider.
pub const ID: ProviderId = ProviderId::new("gcp");
