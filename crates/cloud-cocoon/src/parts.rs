//! What a provider value is made of, and how it finds the VM of a host.

use std::time::Duration;

use cloud_driver::{Account, Known, Recent};
use cloud_types::{ErrorKind, HostId, HostRuntime, Owner, Result};
use cocoon::{Cocoon, LockedVm, NetworkChoice, Vm};

use crate::convert;
use crate::disks::Disks;
use crate::error::no_such_host;
use crate::image::Images;
use crate::offers::Offers;

/// What a provider value is made of; each part keeps what it remembers to itself.
pub(crate) struct Parts {
    pub(crate) account: Account,
    pub(crate) cocoon: Cocoon,
    pub(crate) offers: Offers,
    pub(crate) images: Images,
    pub(crate) disks: Disks,
    pub(crate) network: Option<NetworkChoice>,
    /// How many hosts a page of a list holds.
    pub(crate) page: usize,
    /// How long a restart waits for the guest.
    pub(crate) grace: Duration,
    /// The names for which this process makes hosts.
    pub(crate) recent: Recent<HostId>,
    /// The hosts that were asked to shut down, and when their power button was pressed last.
    pub(crate) asked: Known<HostId, Duration>,
}

impl Parts {
    pub(crate) fn owner(&self) -> &Owner {
        self.account.owner()
    }

    /// The VM of a host, as it is now.
    ///
    /// # Errors
    /// `NotFound` where that incarnation of it is not there.
    pub(crate) async fn vm(&self, id: &HostId) -> Result<Vm> {
        let (name, incarnation) = convert::vm_of(id)?;
        match self.cocoon.settled(&name).await {
            Ok(vm) if vm.id == incarnation => Ok(vm),
            Ok(_) => Err(no_such_host(id)),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(no_such_host(id)),
            Err(error) => Err(error),
        }
    }

    /// The right to change this incarnation of a host.
    ///
    /// # Errors
    /// `NotFound` where it is not there; `Conflict` where another command keeps it for itself.
    pub(crate) async fn locked(&self, id: &HostId, purpose: &str) -> Result<LockedVm> {
        let (name, incarnation) = convert::vm_of(id)?;
        match self.cocoon.lock(&name, &incarnation, purpose).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Err(no_such_host(id)),
            locked => locked,
        }
    }

    /// A VM as a host.
    pub(crate) fn host(&self, vm: &Vm) -> Result<HostRuntime> {
        convert::host(vm, &self.offers.region, &self.offers.prices)
    }
}
