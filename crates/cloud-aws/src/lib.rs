//! AWS EC2 hosts behind the contract of [`cloud_types`].
//!
//! ```no_run
//! # async fn run() -> cloud_types::Result<()> {
//! use std::time::Duration;
//! use cloud_types::{CloudProviderExt, HostSpec, Image, Machine, Name, Region, Wait};
//!
//! let aws = cloud_aws::Config::from_env()?.build()?;
//! let machine = Machine::named("t3.small")?;
//! let spec = HostSpec::new(Name::new("web-1")?, Region::new("eu-west-1")?, machine, Image::ubuntu("24.04"));
//! let host = aws.create_and_wait(&spec, Wait::within(Duration::from_secs(300))).await?;
//! println!("{} is {} at {:?}", host.name, host.state, host.addresses.public_v4);
//! # Ok(()) }
//! ```
//!
//! How EC2 maps to the contract:
//! - A region is a region (`eu-west-1`), a zone one of its zones (`eu-west-1a`). Where a spec names no zone, those of the
//!   region that offer the machine type are tried in an order that owner and name decide, until one has capacity.
//! - One value speaks for all regions. A [`HostId`](cloud_types::HostId) is `region/i-…`, and so are the ids of volumes
//!   (`region/vol-…`), snapshots (`region/ami-…`) and SSH keys (`region/key-…`). Lists and searches go through all regions that
//!   the account has enabled, or those that [`Config::regions`] names.
//! - Names are tags, which EC2 lets anybody give twice. What makes a create happen once is EC2's client token.
//! - A host that has ended is gone, though EC2 shows it for another hour. Where AWS gave it up by itself a wait says why.
//! - Hosts are in the default subnet of their zone. Inbound ports are a security group, shared by the owner's hosts that ask
//!   for the same and deleted with the last of them; without any, nothing is let in from outside.
//! - Public IPv6 addresses are claimed where [`Config::with_ipv6`] says that the subnets have such.
//! - The first SSH key is a key pair, which is shared and deleted likewise; further ones go to cloud-init.
//! - Ubuntu and Debian are the newest images of their makers. [`Image::Id`](cloud_types::Image::Id) takes `ami-…`, which is
//!   of one region, and `ssm:` with the name of a parameter that holds such an id.
//! - Disks are `gp3`, the fastest at more speed than the standard; the cheapest are `sc1`, for data of 125 GiB and more.
//! - A snapshot is an image of the host's boot disk. It is told to cost what the whole disk would: AWS bills what was
//!   written, and does not tell how much that is.
//! - Prices are those of AWS' price list, and of spot hosts those of this moment: in US dollars, in China in yuan. GovCloud
//!   has no list here: nothing has a price there, and machines are asked for by name.
//! - A burstable machine may cost more than its price once its credits are used up, as AWS has it by default
//!   (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-unlimited-mode.html>).
//! - A stopped host costs its disks. Its public IPv4 address is another one after each start. A spot host cannot be stopped,
//!   and is gone when AWS takes it back.

mod auth;
mod bill;
mod catalog;
mod client;
mod config;
mod console;
mod convert;
mod create;
mod data_disk;
mod delete;
mod dependents;
mod disk;
mod error;
mod first_boot;
mod host;
mod http;
mod image;
mod labels;
mod network;
mod parts;
mod plan;
mod planner;
mod reader;
mod resize;
mod snapshot;
mod ssh_key;
mod stock;
mod storage;
mod sweep;
mod system;
mod token;
mod volume;
mod wire;

use cloud_types::ProviderId;

pub use config::Config;
pub use host::Aws;

/// The id of this provider.
pub const ID: ProviderId = ProviderId::new("aws");
