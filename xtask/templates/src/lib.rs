//! {{Type}} hosts behind the contract of `cloud-types`.
//!
//! ```no_run
//! # fn main() -> cloud_types::Result<()> {
//! let provider = cloud_{{module}}::Config::from_env()?.build()?;
//! # Ok(())
//! # }
//! ```

mod auth;
mod client;
mod config;
mod convert;
mod create;
mod delete;
mod error;
mod host;
mod reader;
mod wire;

use cloud_types::ProviderId;

pub use config::Config;
pub use host::{{Type}};

/// The id of this provider.
pub const ID: ProviderId = ProviderId::new("{{name}}");
