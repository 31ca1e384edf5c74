//! The owner's volumes: reading them, and deleting them. A host's data disk is one too.

use std::time::Duration;

use cloud_driver::{Account, gone, labels as driver_labels};
use cloud_types::{DataDisk, Error, ErrorKind, Region, Result, ownership};

use crate::client::{Api, Filter, filter, tagged};
use crate::convert::{self, Disk, DiskState, Place};

/// The owner's volumes.
#[derive(Debug)]
pub(crate) struct Storage {
    account: Account,
    api: Api,
}

impl Storage {
    pub(crate) fn new(account: &Account, api: &Api) -> Self {
        Self { account: account.clone(), api: api.clone() }
    }

    /// A volume that is there.
    pub(crate) async fn get(&self, place: &Place) -> Result<Disk> {
        let theirs = self.api.get_volume(place).await?;
        let disk = theirs.map(|theirs| convert::disk(&place.region, &theirs)).transpose()?;
        let disk = disk.filter(|disk| disk.state != DiskState::Gone);
        disk.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no volume {place}")))
    }

    /// The volumes of a region that bear this owner's tag and pass the filters.
    pub(crate) async fn own(&self, region: &Region, filters: &[Filter]) -> Result<Vec<Disk>> {
        let mut all = vec![tagged(ownership::OWNER, self.account.owner().as_str())];
        all.extend(filters.iter().cloned());
        self.list(region, &all).await
    }

    /// The volumes that are attached to a host.
    pub(crate) async fn at(&self, host: &Place) -> Result<Vec<Disk>> {
        self.list(&host.region, &[filter("attachment.instance-id", [host.id.as_str()])]).await
    }

    async fn list(&self, region: &Region, filters: &[Filter]) -> Result<Vec<Disk>> {
        let found = self.api.volumes(region, filters).await?;
        let mut disks = found.iter().map(|one| convert::disk(region, one)).collect::<Result<Vec<_>>>()?;
        disks.retain(|disk| disk.state != DiskState::Gone);
        Ok(disks)
    }

    /// The data disks of this owner's hosts in a region, of all or of those of a name, also of hosts that are gone.
    pub(crate) async fn data_disks(&self, region: &Region, host: Option<&str>) -> Result<Vec<Disk>> {
        let mut filters = Vec::from_iter(host.map(|host| tagged(ownership::NAME, host)));
        filters.push(tagged(driver_labels::USE, driver_labels::DATA_DISK));
        let mut disks = self.own(region, &filters).await?;
        disks.retain(Disk::is_data);
        Ok(disks)
    }

    /// Gives a host's data disk the tags that the request means: an earlier host may have left it with others.
    pub(crate) async fn mark_data_disk(&self, disk: &Disk, host: &str, asked: &DataDisk) -> Result<()> {
        let meant = driver_labels::of_data_disk(self.account.owner(), host, asked);
        if meant.iter().all(|(key, value)| disk.labels.get(key) == Some(value)) {
            return Ok(());
        }
        self.api.tag(&disk.place.region, &convert::create_tags(&disk.place.id, &meant)).await
    }

    /// Deletes a volume; one that is not there is deleted. What still detaches it is waited for.
    pub(crate) async fn remove(&self, place: &Place) -> Result<()> {
        let remove = || async {
            match gone(self.api.delete_volume(place).await) {
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    let firm = self.get(place).await.is_ok_and(|disk| disk.is_firm());
                    if firm { Err(error) } else { Ok(None) }
                }
                other => other.map(Some),
            }
        };
        self.account.until("the volume is detached", CHANGING, remove).await
    }
}

/// How long a change of a volume is waited for: mostly seconds.
pub(crate) const CHANGING: Duration = Duration::from_secs(300);
