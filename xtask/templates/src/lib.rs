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
mod error;
mod host;
mod wire;

pub use config::Config;
pub use host::{{Type}};
