//! What stands between a host that the provider calls running and one that can be used, and how it is looked at.

use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;

use crate::HostRuntime;

/// The steps by which a new host becomes ready, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Rung {
    /// The provider says that it runs.
    Running,
    /// It has an address to be reached at.
    Address,
    /// An SSH server answers there.
    Banner,
    /// That server shows the host key that was expected.
    HostKey,
    /// Its first boot ended well.
    FirstBoot,
}

/// A way to look at a host from outside, for the rungs that the provider knows nothing of.
///
/// It is handed to [`Wait::through`](crate::Wait::through), and
/// [`wait_ready`](crate::CloudProviderExt::wait_ready) climbs its rungs above [`Rung::Address`]. The crate `cloud-reach`
/// has one for the SSH banner and one for an SSH session; [`ConsoleSignal`](crate::ConsoleSignal) reads the console.
#[async_trait]
pub trait Reach: fmt::Debug + Send + Sync {
    /// The rungs that it looks at, each above [`Rung::Address`].
    fn rungs(&self) -> &[Rung];

    /// Looks once whether a host stands on a rung. It may be asked again and again, and at several addresses at once.
    ///
    /// A look should end by itself within some seconds and say what it saw; one that lasts longer than 30 seconds is
    /// cut. It may be dropped at any time.
    async fn look(&self, rung: Rung, host: &HostRuntime, at: IpAddr) -> Sight;
}

/// What a look at a host showed, with the evidence: a line for people, possibly further lines with the details. No
/// secrets, since the first line is part of an error's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// The host stands on the rung.
    Reached(String),
    /// Not yet: look again.
    NotYet(String),
    /// It never will by itself: waiting on is of no use.
    Never(String),
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Address => "address",
            Self::Banner => "SSH banner",
            Self::HostKey => "host key",
            Self::FirstBoot => "first boot",
        })
    }
}
