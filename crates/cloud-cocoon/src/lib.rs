//! This box as a cloud: VMs as the hosts of one owner, behind the trait that the clouds' own providers have.
//!
//! A service that is written against [`CloudProvider`](cloud_types::CloudProvider) develops here on real VMs, and runs on
//! a cloud with another name in its configuration:
//!
//! ```no_run
//! # async fn run() -> cloud_types::Result<()> {
//! use std::time::Duration;
//! use cloud_types::{CloudProvider, CloudProviderExt, HostSpec, Image, Machine, Name, Region, Wait};
//!
//! let provider = cloud_cocoon::Config::from_env()?.build()?;
//! let (region, machine) = (Region::new("local")?, Machine::named("small")?);
//! let spec = HostSpec::new(Name::new("web-1")?, region, machine, Image::debian("12"));
//! let host = provider.create_and_wait(&spec, Wait::within(Duration::from_secs(60))).await?;
//! provider.delete_host(&host.id).await?;
//! # Ok(()) }
//! ```
//!
//! What is particular to one's own box:
//! - **Names.** Hosts are unique by owner and name, VMs by name alone: the VM of a host bears the host's name and ten digits
//!   that are made of both (`web-1-3fa9c2d1e0`). `cocoon ps` shows it, and every command works on it.
//! - **No daemon.** A create answers when the hypervisor's process is there. A caller that is killed before leaves a VM that
//!   has never run; the same create finds it and starts it.
//! - **Addresses.** Nobody outside reaches a host by QEMU's own network. Each has a loopback address of its own, as
//!   its private one, where the inbound ports that were asked for lead to the guest's; only SSH unless the spec says
//!   more. A port that is not free there, or that this user may not open, is found 10,000 higher: SSH at 10022.
//! - **Images** are pulled by the create that needs them. Like every operation it ends within an hour; a repeat goes on with the
//!   download where it stopped.
//! - **Capacity** is the box's memory and processors less what runs, and the room on its disk.
//! - **Prices** are what [`Config::prices`] says; nothing, unless it is said.

mod address;
mod capacity;
mod catalog;
mod config;
mod console;
mod convert;
mod create;
mod data_disk;
mod delete;
mod disks;
mod error;
mod host;
mod image;
mod machine;
mod offers;
mod parts;
mod power;
mod price;
mod resize;
mod snapshot;
mod ssh_key;
mod sweep;
mod volume;

use cloud_types::ProviderId;
pub use cocoon;

pub use config::Config;
pub use host::Provider;
pub use image::HostImage;
pub use price::Prices;

/// What the provider is called.
pub const ID: ProviderId = ProviderId::new("cocoon");
