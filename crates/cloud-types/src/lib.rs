//! The contract of the cloud crates: traits and plain data.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod clock;
mod error;
mod id;
mod name;

pub use clock::{Clock, ScaledClock, SystemClock};
pub use error::{Error, ErrorKind, Result};
pub use id::{CreateToken, HostId, Owner, ProviderId, SnapshotId, SshKeyId, VolumeId};
pub use name::{MachineTypeName, Name, Region, Zone};
