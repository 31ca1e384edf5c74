//! Persistent disks: volumes, and what hosts boot from and keep their data on.

use std::time::Duration;

use cloud_driver::{Account, found, gone};
use cloud_types::{Error, ErrorKind, Result};

use crate::client::{Api, own};
use crate::convert;
use crate::operations::Operations;
use crate::place::Place;
use crate::seen::{Disk, Labels};

/// The disks of this owner.
#[derive(Debug)]
pub(crate) struct Disks {
    account: Account,
    api: Api,
    operations: Operations,
}

impl Disks {
    pub(crate) fn new(account: &Account, api: &Api, operations: &Operations) -> Self {
        Self { account: account.clone(), api: api.clone(), operations: operations.clone() }
    }

    pub(crate) async fn get(&self, place: &Place) -> Result<Disk> {
        self.api.get_disk(place).await.map(convert::disk)
    }

    /// The disks that a filter lets through, in all zones.
    pub(crate) async fn all(&self, filter: &str) -> Result<Vec<Disk>> {
        Ok(self.api.all_disks(filter).await?.into_iter().map(convert::disk).collect())
    }

    /// The disks that bear this owner's label.
    pub(crate) async fn own(&self) -> Result<Vec<Disk>> {
        self.all(&own(self.account.owner(), &[])).await
    }

    /// Whether a disk that was there is gone, or another has its name.
    pub(crate) async fn is_lost(&self, disk: &Disk) -> Result<bool> {
        let now = found(self.get(&disk.place).await)?;
        Ok(now.is_none_or(|now| now.created != disk.created))
    }

    /// Adds labels to a disk. Labels are replaced as a whole, and whoever changed them meanwhile changes their fingerprint:
    /// then they are read again.
    pub(crate) async fn mark(&self, mut disk: Disk, labels: &Labels) -> Result<()> {
        let mut patience = self.account.patience(BUSY).at_least(TRIES);
        loop {
            let mut all = disk.labels.clone();
            all.extend(labels.clone());
            if all == disk.labels {
                return Ok(());
            }
            let body = convert::set_labels(&all, &disk.fingerprint);
            match self.operations.finish(self.api.set_disk_labels(&disk.place, &body)).await {
                Err(error) if error.kind() == ErrorKind::Conflict => patience.wait(error).await?,
                other => return other,
            }
            disk = self.get(&disk.place).await?;
        }
    }

    /// Deletes a disk; one that is not there is deleted. What still detaches it is waited for.
    pub(crate) async fn remove(&self, place: &Place) -> Result<()> {
        let mut patience = self.account.patience(BUSY).at_least(TRIES);
        loop {
            match gone(self.operations.finish(self.api.delete_disk(place)).await) {
                Err(error) if error.kind() == ErrorKind::Conflict => patience.wait(error).await?,
                other => return other,
            }
        }
    }

    /// Waits until a disk is shown that was just made.
    pub(crate) async fn shown(&self, place: &Place) -> Result<Disk> {
        let look = || async { found(self.get(place).await) };
        self.account.until("the volume is shown", self.account.lag() * 2, look).await
    }
}

/// The error for what another has that bears the name.
pub(crate) fn taken(what: &str, name: &str, by: &str) -> Error {
    Error::new(ErrorKind::AlreadyExists, format!("the {what} {name} is taken by {by}"))
}

/// How long a disk may be busy with what passes.
const BUSY: Duration = Duration::from_secs(10);
/// How often it is tried at least.
const TRIES: u32 = 7;
