//! `Ssh`: how to log in to a host, as a way to look at it and to open sessions.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use cloud_types::{BootId, Clock, HostRuntime, Reach, Result, Rung, Sight, SystemClock};

use super::greeting::{Greeted, Refusal};
use super::{HostKey, Session, SshPrivateKey, first_boot};
use crate::banner;

/// How to log in to a host. As a [`Reach`] it climbs the SSH banner, the host key and the first boot.
///
/// A host that shows another key than the expected one is told nothing and waited for: an image may come with a key of
/// its own that user data replaces during the first boot, and an address may have been another host's a moment ago. At
/// the deadline the error names both fingerprints.
///
/// ```no_run
/// # use std::time::Duration;
/// # use cloud_reach::{HostKey, Ssh, SshPrivateKey};
/// # use cloud_types::{CloudProvider, CloudProviderExt, HostId, Result, SshPublicKey, Wait};
/// # async fn example(provider: &dyn CloudProvider, host: &HostId, key: SshPrivateKey, host_key: SshPublicKey) -> Result<()> {
/// let ssh = Ssh::new("root", key, HostKey::known(host_key));
/// let host = provider.wait_ready(host, Wait::within(Duration::from_secs(300)).through(&ssh)).await?;
/// let session = ssh.session(host.addresses.to_reach()[0]).await?;
/// println!("{}", session.run("uptime").await?.text());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Ssh {
    user: String,
    key: SshPrivateKey,
    host_key: HostKey,
    boot: Option<BootId>,
    port: u16,
    clock: Arc<dyn Clock>,
}

impl Ssh {
    /// Logs in as this user by this key, at port 22, to a host that shows this host key.
    pub fn new(user: impl Into<String>, key: SshPrivateKey, host_key: HostKey) -> Self {
        Self { user: user.into(), key, host_key, boot: None, port: 22, clock: Arc::new(SystemClock) }
    }

    /// The host's user data ends with a [signal](cloud_types::BootSignal) of this id: that alone says whether the first
    /// boot ended well. Without it cloud-init's own result does.
    #[must_use]
    pub fn boot_id(mut self, id: BootId) -> Self {
        self.boot = Some(id);
        self
    }

    /// At this port instead.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The clock that its limits run on.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Opens a session, within 18 seconds.
    ///
    /// # Errors
    /// `Unavailable` where no SSH server answers; `Unauthenticated` where it shows another host key or does not let the
    /// user in.
    pub async fn session(&self, at: IpAddr) -> Result<Session> {
        Ok(self.log_in(at).await?)
    }

    async fn greet(&self, at: IpAddr) -> Result<Greeted, Refusal> {
        Greeted::connect(Arc::clone(&self.clock), SocketAddr::new(at, self.port), &self.host_key).await
    }

    async fn log_in(&self, at: IpAddr) -> Result<Session, Refusal> {
        self.greet(at).await?.log_in(&self.user, &self.key).await
    }
}

#[async_trait]
impl Reach for Ssh {
    fn rungs(&self) -> &[Rung] {
        &[Rung::Banner, Rung::HostKey, Rung::FirstBoot]
    }

    async fn look(&self, rung: Rung, _host: &HostRuntime, at: IpAddr) -> Sight {
        match rung {
            Rung::Banner => banner::look(&*self.clock, SocketAddr::new(at, self.port)).await,
            Rung::HostKey => match self.greet(at).await {
                Ok(greeted) if self.host_key.is_verified() => Sight::Reached(greeted.shown),
                Ok(greeted) => Sight::Reached(format!("{}, not verified", greeted.shown)),
                Err(refusal) => Sight::NotYet(refusal.evidence()),
            },
            _ => match self.log_in(at).await {
                Ok(session) => first_boot::look(&session, &*self.clock, self.boot.as_ref()).await,
                Err(refusal) => Sight::NotYet(refusal.evidence()),
            },
        }
    }
}
