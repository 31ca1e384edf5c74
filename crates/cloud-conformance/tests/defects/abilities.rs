//! The further abilities of the provider that breaks one promise.

use async_trait::async_trait;
use cloud_types::{
    Catalog, CloudProviderExt, CostKind, DiskClassInfo, Error, ErrorKind, Estimate, GiB, HostId, HostRuntime, HostSpec,
    HostState, ImageInfo, MachineType, MachineTypeName, Name, Offering, OfferingFilter, RegionInfo, Resize, ResizeDisk,
    Resource, ResourceKind, Result, Snapshot, SnapshotId, Snapshots, SshKey, SshKeyId, SshKeys, SshPublicKey, StopMode,
    Sweep, Volume, VolumeId, VolumeSpec, Volumes,
};

use crate::Defect;
use crate::provider::{Broken, minute};

#[async_trait]
impl Resize for Broken {
    async fn resize_host(&self, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()> {
        let inner = self.inner.resize().expect("it is claimed");
        match self.defect {
            Defect::ResizesNothing => return Ok(()),
            Defect::StopsRunningHostsToResize => {
                self.inner.stop_host(id, StopMode::Hard).await?;
                self.inner.wait_for_state(id, HostState::Stopped, minute()).await?;
            }
            Defect::CallsWrongInputUnexpected => {
                return inner.resize_host(id, to, disk).await.map_err(|error| error.with_kind(ErrorKind::Unexpected));
            }
            Defect::AlwaysGrowsTheDisk => return inner.resize_host(id, to, ResizeDisk::GrowForever).await,
            Defect::NeverGrowsTheDisk => return inner.resize_host(id, to, ResizeDisk::Keep).await,
            Defect::RefusesTheSameType if self.inner.get_host(id).await?.machine_type == *to => {
                return Err(Error::new(ErrorKind::InvalidRequest, "it has that type"));
            }
            _ => {}
        }
        inner.resize_host(id, to, disk).await
    }
}

#[async_trait]
impl Snapshots for Broken {
    async fn create_snapshot(&self, host: &HostId, name: &Name) -> Result<Snapshot> {
        let inner = self.inner.snapshots().expect("they are claimed");
        match inner.create_snapshot(host, name).await {
            Ok(snapshot) => self.unless_seen_before(snapshot.id.as_str()).map(|()| snapshot),
            Err(error) if self.defect == Defect::AdoptsAnything && error.kind() == ErrorKind::AlreadyExists => {
                let all = inner.list_snapshots().await?;
                let taken = all.into_iter().find(|snapshot| snapshot.name.as_deref() == Some(name.as_str()));
                Ok(taken.expect("the name is taken"))
            }
            Err(error) => Err(error),
        }
    }

    async fn get_snapshot(&self, id: &SnapshotId) -> Result<Snapshot> {
        self.inner.snapshots().expect("they are claimed").get_snapshot(id).await
    }

    async fn list_snapshots(&self) -> Result<Vec<Snapshot>> {
        self.inner.snapshots().expect("they are claimed").list_snapshots().await
    }

    async fn delete_snapshot(&self, id: &SnapshotId) -> Result<()> {
        match self.defect {
            Defect::DeletesNothing => Ok(()),
            _ => self.inner.snapshots().expect("they are claimed").delete_snapshot(id).await,
        }
    }
}

#[async_trait]
impl SshKeys for Broken {
    async fn create_ssh_key(&self, name: &Name, key: &SshPublicKey) -> Result<SshKey> {
        let kept = self.inner.ssh_keys().expect("they are claimed").create_ssh_key(name, key).await?;
        self.unless_seen_before(kept.id.as_str()).map(|()| kept)
    }

    async fn list_ssh_keys(&self) -> Result<Vec<SshKey>> {
        self.inner.ssh_keys().expect("they are claimed").list_ssh_keys().await
    }

    async fn delete_ssh_key(&self, id: &SshKeyId) -> Result<()> {
        match self.defect {
            Defect::DeletesNothing => Ok(()),
            _ => self.inner.ssh_keys().expect("they are claimed").delete_ssh_key(id).await,
        }
    }
}

#[async_trait]
impl Volumes for Broken {
    async fn create_volume(&self, spec: &VolumeSpec) -> Result<Volume> {
        let made = self.inner.volumes().expect("they are claimed").create_volume(spec).await?;
        self.unless_seen_before(made.id.as_str()).map(|()| made)
    }

    async fn get_volume(&self, id: &VolumeId) -> Result<Volume> {
        self.inner.volumes().expect("they are claimed").get_volume(id).await
    }

    async fn list_volumes(&self) -> Result<Vec<Volume>> {
        self.inner.volumes().expect("they are claimed").list_volumes().await
    }

    async fn attach_volume(&self, id: &VolumeId, host: &HostId) -> Result<()> {
        let volumes = self.inner.volumes().expect("they are claimed");
        if self.defect == Defect::TakesVolumesAway {
            volumes.detach_volume(id).await?;
        }
        volumes.attach_volume(id, host).await
    }

    async fn detach_volume(&self, id: &VolumeId) -> Result<()> {
        self.inner.volumes().expect("they are claimed").detach_volume(id).await
    }

    async fn grow_volume(&self, id: &VolumeId, size: GiB) -> Result<()> {
        let volumes = self.inner.volumes().expect("they are claimed");
        if self.defect == Defect::AgreesToShrink && volumes.get_volume(id).await?.size > size {
            return Ok(());
        }
        volumes.grow_volume(id, size).await
    }

    async fn delete_volume(&self, id: &VolumeId) -> Result<()> {
        match self.defect {
            Defect::DeletesNothing => Ok(()),
            _ => self.inner.volumes().expect("they are claimed").delete_volume(id).await,
        }
    }
}

#[async_trait]
impl Catalog for Broken {
    async fn regions(&self) -> Result<Vec<RegionInfo>> {
        self.inner.catalog().expect("it is claimed").regions().await
    }

    async fn machine_types(&self) -> Result<Vec<MachineType>> {
        self.inner.catalog().expect("it is claimed").machine_types().await
    }

    async fn images(&self) -> Result<Vec<ImageInfo>> {
        self.inner.catalog().expect("it is claimed").images().await
    }

    async fn disk_classes(&self) -> Result<Vec<DiskClassInfo>> {
        self.inner.catalog().expect("it is claimed").disk_classes().await
    }

    async fn offerings(&self, filter: &OfferingFilter) -> Result<Vec<Offering>> {
        let mut offerings = self.inner.catalog().expect("it is claimed").offerings(filter).await?;
        if self.defect == Defect::OffersTheWrongPrice {
            offerings.iter_mut().for_each(|offering| offering.hourly = offering.hourly.times(2));
        }
        Ok(offerings)
    }

    async fn estimate(&self, spec: &HostSpec) -> Result<Estimate> {
        let estimate = self.inner.catalog().expect("it is claimed").estimate(spec).await?;
        let mut items = estimate.items().to_vec();
        match self.defect {
            Defect::ForgetsTheAddressInEstimates => items.retain(|item| item.kind != CostKind::Address),
            Defect::ForgetsWhatStoppingCosts => {
                items.iter_mut().for_each(|item| item.billed_when_stopped = !item.billed_when_stopped);
            }
            _ => {}
        }
        Estimate::new(items)
    }

    async fn host_cost(&self, host: &HostRuntime) -> Result<Estimate> {
        self.inner.catalog().expect("it is claimed").host_cost(host).await
    }

    async fn snapshot_cost(&self, snapshot: &Snapshot) -> Result<Estimate> {
        self.inner.catalog().expect("it is claimed").snapshot_cost(snapshot).await
    }
}

#[async_trait]
impl Sweep for Broken {
    async fn list_resources(&self) -> Result<Vec<Resource>> {
        let mut resources = self.inner.sweep().expect("it is claimed").list_resources().await?;
        match self.defect {
            Defect::SweepsNoKeys => resources.retain(|resource| resource.kind != ResourceKind::SshKey),
            Defect::DeletesWhatIsKept => resources.iter_mut().for_each(|resource| resource.kept = false),
            _ => {}
        }
        Ok(resources)
    }

    async fn delete_resource(&self, resource: &Resource) -> Result<()> {
        self.inner.sweep().expect("it is claimed").delete_resource(resource).await
    }
}
