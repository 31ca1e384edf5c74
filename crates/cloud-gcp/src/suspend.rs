//! Suspending a host, which the contract has no word for.

use cloud_types::{Error, ErrorKind, HostId, HostState, Result};

use crate::host::Gcp;

impl Gcp {
    /// Puts a running host to sleep with all that is in its memory; `start_host` wakes it where it was. Accepted when this
    /// returns: wait for [`HostState::Suspended`]. Suspended, a host costs its disks and the place of its memory, and is
    /// stopped by Google after 60 days
    /// (<https://cloud.google.com/compute/docs/instances/suspend-resume-instance>).
    ///
    /// One that is suspended, or on its way, is no error.
    ///
    /// # Errors
    /// `Conflict` where the host does not run; `NotFound`; `InvalidRequest` where Google cannot suspend its machine type, such
    /// as one with a GPU; and what any call can meet.
    ///
    /// ```no_run
    /// # async fn run(gcp: cloud_gcp::Gcp, id: cloud_types::HostId) -> cloud_types::Result<()> {
    /// use std::time::Duration;
    /// use cloud_types::{CloudProvider, CloudProviderExt, HostState, Wait};
    ///
    /// gcp.suspend_host(&id).await?;
    /// gcp.wait_for_state(&id, HostState::Suspended, Wait::within(Duration::from_secs(300))).await?;
    /// gcp.start_host(&id).await
    /// # }
    /// ```
    pub async fn suspend_host(&self, id: &HostId) -> Result<()> {
        let suspend = async {
            let seen = self.read(id).await?;
            match &seen.state {
                HostState::Suspended => Ok(()),
                HostState::Stopping if seen.is_suspending => Ok(()),
                HostState::Running => self.begin("suspend_host", &seen, "suspend", None).await,
                other => Err(Error::new(ErrorKind::Conflict, format!("host {id} is {other}: start it first"))),
            }
        };
        self.0.account.call("suspend_host", suspend).await
    }
}
