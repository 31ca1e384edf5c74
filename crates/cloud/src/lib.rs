//! Hosts on any cloud through one trait: create, start, stop, resize, snapshot, price and delete virtual machines.
//!
//! Begin with the in-memory provider, which needs no account; another provider is another name in
//! [`Registry::open`] and its feature in `Cargo.toml`.
//!
#![cfg_attr(feature = "local", doc = "```")]
#![cfg_attr(not(feature = "local"), doc = "```ignore")]
//! use std::time::Duration;
//!
//! use cloud::{CloudProviderExt, HostSpec, HostState, Image, Machine, Name, Region, Registry, Wait};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> cloud::Result<()> {
//! let provider = Registry::with_enabled().open("local").await?;
//!
//! let spec = HostSpec::new(Name::new("web-1")?, Region::new("local-a")?, Machine::named("small")?, Image::ubuntu("24.04"));
//! let host = provider.create_and_wait(&spec, Wait::within(Duration::from_secs(300))).await?;
//! assert_eq!(host.state, HostState::Running);
//!
//! provider.delete_host(&host.id).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Where to look
//!
//! - [`HostSpec`] is what you ask for, [`HostRuntime`] what you get, [`ErrorKind`] what to do when you don't.
//! - [`CloudProvider`] has the calls that every provider answers, with the rules you may rely on; further abilities,
//!   such as [`Snapshots`], [`Volumes`] and [`Catalog`], are reached through it, and [`Capabilities`] tells which
//!   there are.
//! - [`CloudProviderExt`] waits, streams over all pages, finds by name, and sweeps.
//! - [`reach`] looks at hosts from outside: a [`Wait`] goes through it until SSH answers, or the first boot is over.
//! - [`Registry`] opens a provider by its name, with settings from the environment. To set them in code, use the
//!   provider's own module and its `Config`.
//!
//! # Features
//!
//! | Feature | What it adds |
//! |---|---|
//! | `local` (default) | the in-memory provider, for tests and first steps |
//! | `hetzner` | Hetzner Cloud |
//! | `gcp` | Google Compute Engine |
//! | `aws` | AWS EC2; its SDK takes some minutes to build |
//! | `cocoon` | virtual machines on one's own Linux box, by QEMU or Cloud Hypervisor |
//! | `bootstrap` | first-boot user data: users, keys, packages, disks, bundles, units, a ready signal |
//! | `ssh` | SSH sessions in [`reach`], to see how a host's first boot ended; russh builds for about a minute |
//! | `usage` | what hosts cost, from a log of what happened to them |
//! | `serde` | `Serialize` and `Deserialize` on the data types |
//! | `mock` | mocks of the traits, with which your own unit tests expect calls |
//!
//! Turning a provider on compiles that provider and nothing of another's:
//! `cloud = { version = "0.1", default-features = false, features = ["hetzner"] }`.

#[macro_use]
mod providers;
mod registry;

pub use cloud_types::*;
pub use registry::Registry;

#[cfg(feature = "bootstrap")]
#[doc(inline)]
pub use cloud_bootstrap as bootstrap;
#[doc(inline)]
pub use cloud_reach as reach;
#[cfg(feature = "usage")]
#[doc(inline)]
pub use cloud_usage as usage;

providers! {
    "aws": cloud_aws as aws, Config;
    "cocoon": cloud_cocoon as cocoon, Config;
    "gcp": cloud_gcp as gcp, Config;
    "hetzner": cloud_hetzner as hetzner, Config;
    "local": cloud_local as local, Config;
}
