//! Volumes.

use async_trait::async_trait;
use cloud_driver::Account;
use cloud_driver::volumes::{self, Disks};
use cloud_types::{DiskClass, Error, GiB, HostId, Result, Volume, VolumeId, VolumeSpec, Volumes, ownership};

use crate::client::selector;
use crate::convert;
use crate::error::progress;
use crate::host::{Hetzner, Parts};

#[async_trait]
impl Volumes for Hetzner {
    async fn create_volume(&self, spec: &VolumeSpec) -> Result<Volume> {
        let create = async {
            self.0.account.capabilities().check_volume(spec.size)?;
            if spec.zone.is_some() {
                return Err(Error::unsupported("this provider has no zones"));
            }
            if spec.class != DiskClass::Standard {
                return Err(Error::invalid("class", "must be standard: there is one kind of volume here"));
            }
            self.0.catalog.read().await?.sold.check_region(&spec.region)?;
            let own = ownership::resource_labels(self.0.account.owner(), spec.name.as_str());
            let (name, operations) = (spec.name.as_str(), &self.0.operations);
            let volume = self.0.dependents.ensure_volume(name, &spec.region, spec.size.0, &own, operations).await?;
            Ok(volume.into_inner())
        };
        self.0.account.call("create_volume", create).await
    }

    async fn get_volume(&self, id: &VolumeId) -> Result<Volume> {
        self.0.account.call("get_volume", self.0.get(id)).await
    }

    async fn list_volumes(&self) -> Result<Vec<Volume>> {
        let list = async {
            let own = selector(&[(ownership::OWNER, self.0.account.owner().as_str())]);
            self.0.api.all_volumes(&own).await?.into_iter().map(convert::volume).collect()
        };
        self.0.account.call("list_volumes", list).await
    }

    async fn attach_volume(&self, id: &VolumeId, host: &HostId) -> Result<()> {
        self.0.account.call("attach_volume", volumes::attach(&*self.0, id, host)).await
    }

    async fn detach_volume(&self, id: &VolumeId) -> Result<()> {
        self.0.account.call("detach_volume", volumes::detach(&*self.0, id)).await
    }

    async fn grow_volume(&self, id: &VolumeId, size: GiB) -> Result<()> {
        self.0.account.call("grow_volume", volumes::grow(&*self.0, id, size)).await
    }

    async fn delete_volume(&self, id: &VolumeId) -> Result<()> {
        self.0.account.call("delete_volume", volumes::delete(&*self.0, id)).await
    }
}

impl Disks for Parts {
    fn account(&self) -> &Account {
        &self.account
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
