//! Volumes.

use cloud_driver::Account;
use cloud_driver::volumes::Disks;
use cloud_types::{DiskClass, Error, GiB, HostId, Result, Volume, VolumeId, VolumeSpec, ownership};

use crate::client::selector;
use crate::convert;
use crate::error::progress;
use crate::host::Hetzner;
use crate::parts::Parts;

cloud_driver::provide_volumes!(Hetzner);

impl Disks for Parts {
    fn account(&self) -> &Account {
        &self.account
    }

    async fn create(&self, spec: &VolumeSpec) -> Result<Volume> {
        if spec.zone.is_some() {
            return Err(Error::unsupported("this provider has no zones"));
        }
        if spec.class != DiskClass::Standard {
            return Err(Error::invalid("class", "must be standard: there is one kind of volume here"));
        }
        self.catalog.read().await?.sold.check_region(&spec.region)?;
        let own = ownership::resource_labels(self.account.owner(), spec.name.as_str());
        let (name, operations) = (spec.name.as_str(), &self.operations);
        let volume = self.dependents.ensure_volume(name, &spec.region, spec.size.0, &own, operations).await?;
        Ok(volume.into_inner())
    }

    async fn list(&self) -> Result<Vec<Volume>> {
        let own = selector(&[(ownership::OWNER, self.account.owner().as_str())]);
        self.api.all_volumes(&own).await?.into_iter().map(convert::volume).collect()
    }

    async fn get(&self, id: &VolumeId) -> Result<Volume> {
        convert::volume(self.api.get_volume(convert::number(id.as_str())?).await?)
    }

    async fn attach(&self, volume: &Volume, host: &HostId) -> Result<()> {
        let (volume, server) = (convert::number(volume.id.as_str())?, convert::number(host.as_str())?);
        self.operations.finish(progress(&self.api.attach_volume(volume, server).await?)).await
    }

    async fn detach(&self, volume: &Volume, _: &HostId) -> Result<()> {
        let volume = convert::number(volume.id.as_str())?;
        self.operations.finish(progress(&self.api.detach_volume(volume).await?)).await
    }

    async fn grow(&self, volume: &Volume, size: GiB) -> Result<()> {
        let volume = convert::number(volume.id.as_str())?;
        self.operations.finish(progress(&self.api.resize_volume(volume, size.0).await?)).await
    }

    async fn remove(&self, volume: &Volume) -> Result<()> {
        self.api.delete_volume(convert::number(volume.id.as_str())?).await
    }
}
