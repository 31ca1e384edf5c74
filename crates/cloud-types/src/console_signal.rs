//! A look at a host's console for the signal that its first boot is over, for who has no SSH access.

use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;

use crate::{BootId, BootResult, BootSignal, Console, HostRuntime, Reach, Rung, Sight};

/// Finds the end of a first boot in the console's output: [`Rung::FirstBoot`] without a connection to the host.
///
/// ```no_run
/// # use std::time::Duration;
/// # use cloud_types::{BootId, CloudProvider, CloudProviderExt, ConsoleSignal, HostId, Result, Wait};
/// # async fn example(provider: &dyn CloudProvider, host: &HostId, id: BootId) -> Result<()> {
/// let console = provider.console().expect("this provider reads consoles");
/// let signal = ConsoleSignal::new(console, id);
/// provider.wait_ready(host, Wait::within(Duration::from_secs(300)).through(&signal)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ConsoleSignal<'a> {
    console: &'a dyn Console,
    id: BootId,
}

impl<'a> ConsoleSignal<'a> {
    /// Looks for the signal of this first boot. The provider has to claim
    /// [`ConsoleOutput`](crate::Ability::ConsoleOutput).
    #[must_use]
    pub fn new(console: &'a dyn Console, id: BootId) -> Self {
        Self { console, id }
    }
}

#[async_trait]
impl Reach for ConsoleSignal<'_> {
    fn rungs(&self) -> &[Rung] {
        &[Rung::FirstBoot]
    }

    async fn look(&self, _rung: Rung, host: &HostRuntime, _at: IpAddr) -> Sight {
        match self.console.console_output(&host.id).await {
            Ok(output) => match BootSignal::find(&output, &self.id) {
                Some(BootSignal { result: BootResult::Ready, .. }) => {
                    Sight::Reached("the console says ready".to_owned())
                }
                Some(BootSignal { result: BootResult::Failed { step, detail }, .. }) => {
                    Sight::Never(format!("{step}: {detail}"))
                }
                None => Sight::NotYet(format!("no signal of first boot {} on the console", self.id)),
            },
            Err(error) if error.kind() == crate::ErrorKind::Unsupported => Sight::Never(error.to_string()),
            Err(error) => Sight::NotYet(error.to_string()),
        }
    }
}

impl fmt::Debug for ConsoleSignal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsoleSignal").field("id", &self.id).finish_non_exhaustive()
    }
}
