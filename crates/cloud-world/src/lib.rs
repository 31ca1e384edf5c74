//! The state machine behind the in-memory provider and the simulators.
//!
//! A [`World`] is what one account of a cloud owns: hosts, volumes, addresses, SSH keys, images,
//! firewalls and the actions that change them, over a [`Catalog`] of what can be ordered.
//! It is pure and synchronous: it knows no HTTP, no runtime and no provider's words.
//! Every change takes the present moment as an argument, and what takes time is an [`Action`] that
//! ends when [`World::advance`] reaches its end. The same seed and the same calls give the same world.
//!
//! ```
//! use cloud_world::{Command, HostRequest, Settings, World};
//! use jiff::{SignedDuration, Timestamp};
//!
//! let mut now: Timestamp = "2026-01-01T00:00:00Z".parse()?;
//! let mut world = World::new(Settings::small(1));
//! let image = world.images.named("ubuntu-24.04").next().expect("a stock image").id;
//! let request = HostRequest::new("web-1", "small", image, "north");
//! let created = world.create_host(request, now)?;
//! assert_eq!(world.actions[&created.action].command, Command::CreateHost);
//!
//! now += SignedDuration::from_mins(10);
//! world.advance(now);
//! assert!(world.host(created.host)?.state.is_running());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod actions;
mod addresses;
mod catalog;
mod creation;
mod error;
mod firewalls;
mod hosts;
mod images;
mod lifecycle;
mod limits;
mod model;
mod pool;
mod settings;
mod ssh_keys;
mod table;
mod volumes;
mod world;

pub use actions::{Action, ActionError, ActionStatus, Command};
pub use catalog::{Catalog, Cpu, Gpu, ImageSeed, MachineType, Price, Region, Tariff};
pub use creation::HostCreated;
pub use error::{Result, WorldError};
pub use model::address::{Address, AddressVersion};
pub use model::firewall::{Direction, Firewall, FirewallRule};
pub use model::host::{AddressChoice, Host, HostProtection, HostRequest, HostState, Market};
pub use model::image::{Image, ImageKind, ImageStatus};
pub use model::secret::Secret;
pub use model::ssh_key::SshKey;
pub use model::volume::{DiskRequest, Volume, VolumeRequest, VolumeStatus};
pub use model::{Architecture, Kind, Labels, Record};
pub use settings::{Lag, Rules, Settings, Timings};
pub use table::Table;
pub use world::World;
