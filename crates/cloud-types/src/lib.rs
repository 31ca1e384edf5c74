//! The contract of the cloud crates: traits and plain data, no HTTP, and no provider's name.
//!
//! A **host** is a virtual machine of a provider. A [`CloudProvider`] makes hosts from a [`HostSpec`], tells of them as
//! [`HostRuntime`], and stops, starts and deletes them; what not every provider can do is a small trait of its own,
//! reached through the provider: [`Resize`], [`Snapshots`], [`SshKeys`], [`Volumes`], [`Catalog`], [`Console`],
//! [`Sweep`]. [`CloudProviderExt`] waits, streams and searches on top of all of them. Whatever goes wrong is an
//! [`Error`] whose [`ErrorKind`] says what to do next.
//!
//! The promises behind the traits, each tested by the conformance suite against every backend:
//! a create is exactly once, a delete leaves nothing behind, lists are whole, nothing waits without a deadline, and no
//! secret is printed.

pub mod clock;
pub mod ownership;

mod boot_signal;
mod capabilities;
mod catalog;
mod console;
mod console_signal;
mod dns;
mod error;
mod estimate;
mod ext;
mod fingerprint;
mod host;
mod id;
mod label;
mod ladder;
mod machine;
#[cfg(feature = "mock")]
pub mod mock;
mod money;
mod name;
mod network;
mod not_ready;
mod provider;
mod reach;
mod resize;
mod size;
mod snapshot;
mod spec;
mod ssh_keys;
mod ssh_public_key;
mod sweep;
mod terms;
mod user_data;
mod volume;
mod wait;

pub use boot_signal::{BootId, BootResult, BootSignal};
pub use capabilities::{Ability, AfterResize, Capabilities, StoppedBilling};
pub use catalog::{
    Catalog, CpuKind, DiskClassInfo, GpuInfo, ImageInfo, MachineType, Offering, OfferingFilter, RegionInfo,
};
pub use clock::{Clock, ScaledClock, SystemClock};
pub use console::{Console, ConsoleAccess};
pub use console_signal::ConsoleSignal;
pub use dns::{DnsProvider, DnsRecord, DnsRecordKind, DnsValue};
pub use error::{Error, ErrorKind, Result};
pub use estimate::{CostItem, CostKind, Estimate};
pub use ext::CloudProviderExt;
pub use fingerprint::SpecFingerprint;
pub use host::{HostRuntime, HostState};
pub use id::{CreateToken, HostId, Owner, ProviderId, SnapshotId, SshKeyId, VolumeId};
pub use label::{Labels, MAX_LABELS, RESERVED_PREFIX};
pub use machine::{Architecture, GpuRequirement, Machine, Requirements};
pub use money::{Currency, HOURS_A_MONTH, Money, Rate};
pub use name::{MachineTypeName, Name, Region, Zone};
pub use network::{Addresses, Inbound, InboundPort, Protocol, PublicNetwork};
pub use not_ready::NotReady;
pub use provider::{CloudProvider, Created, HostPage, ListHosts, Owners, PageToken, StopMode};
pub use reach::{Reach, Rung, Sight};
pub use resize::{Resize, ResizeDisk};
pub use size::{GiB, MiB};
pub use snapshot::{Snapshot, SnapshotState, Snapshots};
pub use spec::{BootDisk, DataDisk, DiskClass, HostSpec, Image, OnDelete, Pricing};
pub use ssh_keys::{SshKey, SshKeys};
pub use ssh_public_key::SshPublicKey;
pub use sweep::{Resource, ResourceKind, Sweep, SweepReport};
pub use terms::{Monthly, Terms};
pub use user_data::UserData;
pub use volume::{Volume, VolumeSpec, Volumes};
pub use wait::{Progress, Wait};
