//! AWS EC2 hosts behind the contract of [`cloud_types`].

mod auth;
mod client;
mod config;
mod convert;
mod disk;
mod error;
mod host;
mod http;
mod image;
mod price;
mod tags;
mod wire;

use cloud_types::ProviderId;

pub use config::Config;
pub use host::Aws;

/// The id of this provider.
pub const ID: ProviderId = ProviderId::new("aws");
