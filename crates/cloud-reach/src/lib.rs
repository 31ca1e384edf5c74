//! Looks at hosts from outside: what the provider does not know of a host that it calls running.
//!
//! Both are a [`Reach`](cloud_types::Reach), to be handed to [`Wait::through`](cloud_types::Wait::through):
//! - [`Banner`]: does an SSH server answer? Needs no key and no SSH library.
//! - `Ssh`, behind the feature `ssh`: is it the host that was meant, and how did its first boot end? With the
//!   [boot id](cloud_types::BootId) of the host's user data by its signal, otherwise by what cloud-init says.
//!
//! `Ssh` also opens a `Session` that runs commands, bounded in time and output, for who sets hosts up.
//!
//! ```no_run
//! # use std::time::Duration;
//! # use cloud_types::{CloudProvider, CloudProviderExt, HostSpec, Result, Wait};
//! # async fn example(provider: &dyn CloudProvider, spec: &HostSpec) -> Result<()> {
//! let banner = cloud_reach::Banner::new();
//! let wait = Wait::within(Duration::from_secs(300)).through(&banner);
//! let host = provider.create_and_wait(spec, wait).await?;
//! # Ok(())
//! # }
//! ```

mod banner;
#[cfg(feature = "ssh")]
mod ssh;
mod tcp;

pub use banner::Banner;
#[cfg(feature = "ssh")]
pub use ssh::{Command, Exit, HostKey, Output, Session, Ssh, SshPrivateKey};
