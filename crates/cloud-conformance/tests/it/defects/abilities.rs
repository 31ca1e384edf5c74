//! The further abilities of the provider that breaks one promise.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use cloud_types::{
    Catalog, CloudProviderExt, Console, ConsoleAccess, CostKind, DiskClassInfo, Error, ErrorKind, Estimate, GiB,
    HostId, HostRuntime, HostSpec, HostState, ImageInfo, MachineType, MachineTypeName, Name, Offering, OfferingFilter,
    Pricing, RegionInfo, Resize, ResizeDisk, Resource, ResourceKind, Result, Snapshot, SnapshotId, Snapshots, SshKey,
    SshKeyId, SshKeys, SshPublicKey, StopMode, Sweep, Volume, VolumeId, VolumeSpec, Volumes,
};

use super::Defect;
use super::provider::{Broken, marked, minute, unmarked};

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
            Defect::AlwaysGrowsTheDisk => return inner.resize_host(id, to, ResizeDisk::GrowForever).await,
            Defect::NeverGrowsTheDisk => return inner.resize_host(id, to, ResizeDisk::Keep).await,
            Defect::RefusesTheSameType if self.inner.get_host(id).await?.machine_type == *to => {
                return Err(Error::new(ErrorKind::InvalidRequest, "it has that type"));
            }
            _ => {}
        }
        inner.resize_host(id, to, disk).await.map_err(|error| self.mistaken(error))
    }
}

#[async_trait]
impl Snapshots for Broken {
    async fn create_snapshot(&self, host: &HostId, name: &Name) -> Result<Snapshot> {
        let inner = self.inner.snapshots().expect("they are claimed");
        if self.has(Defect::MakesAnotherUnderTrouble) && self.meets_trouble() {
            inner.create_snapshot(host, &marked(name, 0)).await?;
        }
        match inner.create_snapshot(host, name).await {
            Ok(snapshot) => self.unless_seen_before(snapshot.id.as_str()).map(|()| snapshot),
            Err(error) if self.has(Defect::AdoptsAnything) && error.kind() == ErrorKind::AlreadyExists => {
                let all = inner.list_snapshots().await?;
                let taken = all.into_iter().find(|snapshot| snapshot.name.as_deref() == Some(name.as_str()));
                Ok(taken.expect("the name is taken"))
            }
            Err(error) => Err(self.mistaken(error)),
        }
    }

    async fn get_snapshot(&self, id: &SnapshotId) -> Result<Snapshot> {
        self.inner.snapshots().expect("they are claimed").get_snapshot(id).await
    }

    async fn list_snapshots(&self) -> Result<Vec<Snapshot>> {
        let mut snapshots = self.inner.snapshots().expect("they are claimed").list_snapshots().await?;
        for name in snapshots.iter_mut().filter_map(|snapshot| snapshot.name.as_mut()) {
            *name = unmarked(name);
        }
        Ok(snapshots)
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
        let inner = self.inner.ssh_keys().expect("they are claimed");
        if self.has(Defect::MakesAnotherUnderTrouble) && self.meets_trouble() {
            self.twin.store(true, Ordering::SeqCst);
        }
        let kept = match inner.create_ssh_key(name, key).await {
            Err(error) if self.has(Defect::AdoptsAnything) && error.kind() == ErrorKind::AlreadyExists => {
                let all = inner.list_ssh_keys().await?;
                all.into_iter().find(|kept| kept.name == name.as_str()).expect("the name is taken")
            }
            other => other?,
        };
        self.unless_seen_before(kept.id.as_str()).map(|()| kept)
    }

    async fn list_ssh_keys(&self) -> Result<Vec<SshKey>> {
        let mut keys = self.inner.ssh_keys().expect("they are claimed").list_ssh_keys().await?;
        if self.twin.load(Ordering::SeqCst) {
            let twins: Vec<_> = keys.iter().map(|key| SshKey { id: SshKeyId::new("twin"), ..key.clone() }).collect();
            keys.extend(twins);
        }
        Ok(keys)
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
        let inner = self.inner.volumes().expect("they are claimed");
        if self.has(Defect::MakesAnotherUnderTrouble) && self.meets_trouble() {
            let mut another = spec.clone();
            another.name = marked(&spec.name, 0);
            inner.create_volume(&another).await?;
        }
        let made = match inner.create_volume(spec).await {
            Err(error) if self.has(Defect::AdoptsAnything) && error.kind() == ErrorKind::AlreadyExists => {
                let all = inner.list_volumes().await?;
                all.into_iter().find(|volume| volume.name == spec.name.as_str()).expect("the name is taken")
            }
            other => other.map_err(|error| self.mistaken(error))?,
        };
        self.unless_seen_before(made.id.as_str()).map(|()| made)
    }

    async fn get_volume(&self, id: &VolumeId) -> Result<Volume> {
        self.inner.volumes().expect("they are claimed").get_volume(id).await
    }

    async fn list_volumes(&self) -> Result<Vec<Volume>> {
        let mut volumes = self.inner.volumes().expect("they are claimed").list_volumes().await?;
        volumes.iter_mut().for_each(|volume| volume.name = unmarked(&volume.name));
        Ok(volumes)
    }

    async fn attach_volume(&self, id: &VolumeId, host: &HostId) -> Result<()> {
        let volumes = self.inner.volumes().expect("they are claimed");
        if self.has(Defect::TakesVolumesAway) {
            volumes.detach_volume(id).await?;
        }
        volumes.attach_volume(id, host).await
    }

    async fn detach_volume(&self, id: &VolumeId) -> Result<()> {
        match self.defect {
            Defect::DetachesNothing => Ok(()),
            _ => self.inner.volumes().expect("they are claimed").detach_volume(id).await,
        }
    }

    async fn grow_volume(&self, id: &VolumeId, size: GiB) -> Result<()> {
        let volumes = self.inner.volumes().expect("they are claimed");
        if self.has(Defect::AgreesToShrink) && volumes.get_volume(id).await?.size > size {
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
        let mut types = self.inner.catalog().expect("it is claimed").machine_types().await?;
        if self.has(Defect::SellsNothing) {
            types.iter_mut().for_each(|machine| machine.gpu = None);
        }
        Ok(types)
    }

    async fn images(&self) -> Result<Vec<ImageInfo>> {
        self.inner.catalog().expect("it is claimed").images().await
    }

    async fn disk_classes(&self) -> Result<Vec<DiskClassInfo>> {
        self.inner.catalog().expect("it is claimed").disk_classes().await
    }

    async fn offerings(&self, filter: &OfferingFilter) -> Result<Vec<Offering>> {
        let mut offerings = self.inner.catalog().expect("it is claimed").offerings(filter).await?;
        for offering in &mut offerings {
            match self.defect {
                Defect::OffersTheWrongPrice => offering.hourly = offering.hourly.times(2),
                Defect::SellsSpotDear if offering.pricing == Pricing::Spot => {
                    offering.hourly = offering.hourly.times(10);
                }
                Defect::SellsNothing => offering.orderable = false,
                _ => {}
            }
        }
        Ok(offerings)
    }

    async fn estimate(&self, spec: &HostSpec) -> Result<Estimate> {
        let estimate = self.inner.catalog().expect("it is claimed").estimate(spec).await?;
        let mut items = estimate.items().to_vec();
        match self.defect {
            Defect::ForgetsTheAddressInEstimates => items.retain(|item| item.kind != CostKind::Address),
            Defect::ForgetsTerms => items.iter_mut().for_each(|item| item.terms = None),
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
impl Console for Broken {
    async fn open_console(&self, _id: &HostId) -> Result<ConsoleAccess> {
        Ok(ConsoleAccess::new("wss://console.invalid/".to_owned().into(), None))
    }

    async fn console_output(&self, id: &HostId) -> Result<String> {
        let output = self.inner.console().expect("it is claimed").console_output(id).await;
        output.map_err(|error| self.mistaken(error))
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

impl Broken {
    /// The error as the defect tells of it.
    fn mistaken(&self, error: Error) -> Error {
        match (self.defect, error.kind()) {
            (Defect::CallsTheMissingUnexpected, ErrorKind::NotFound)
            | (Defect::CallsWrongInputUnexpected, ErrorKind::InvalidRequest) => error.with_kind(ErrorKind::Unexpected),
            _ => error,
        }
    }
}
