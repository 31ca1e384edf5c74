//! What is recorded of resizes, snapshots and volumes.

use async_trait::async_trait;
use cloud_types::{
    AfterResize, CostKind, Error, ErrorKind, GiB, HostId, MachineTypeName, Name, Resize, ResizeDisk, Result, Snapshot,
    SnapshotId, Snapshots, Volume, VolumeId, VolumeSpec, Volumes,
};

use super::Metered;
use crate::observe::{disk_class, host_charges, snapshot_charges, volume_charges};
use crate::{Change, Charges, Power, Subject, Tags};

impl Metered {
    fn inner_volumes(&self) -> Result<&dyn Volumes> {
        self.provider.volumes().ok_or_else(|| absent("volumes"))
    }

    fn inner_snapshots(&self) -> Result<&dyn Snapshots> {
        self.provider.snapshots().ok_or_else(|| absent("snapshots"))
    }

    /// What a host costs by now, where the provider tells.
    async fn fresh_charges(&self, id: &HostId) -> Option<Charges> {
        let host = self.provider.get_host(id).await.ok()?;
        host_charges(&*self.provider, &host).await
    }

    /// Records that a host's bill has one data disk more or less, where it has: then the volume is billed with the host or
    /// alone. Providers differ in whether a volume that was attached later is in the cost of the host.
    async fn moved(&self, volume: &VolumeId, host: &HostId, to: Power) {
        let subject = self.subject(host);
        let known = self.standing(&subject).await.and_then(|known| known.charges);
        let (Some(known), Some(fresh)) = (known, self.fresh_charges(host).await) else { return };
        let at = self.meter.now();
        let (before, after) = (known.count(CostKind::DataDisk), fresh.count(CostKind::DataDisk));
        let is_moved = if to == Power::Stopped { after > before } else { after < before };
        if is_moved {
            self.note(at, subject, Change::PriceChanged { charges: fresh }).await;
            let change = if to == Power::Stopped { Change::Stopped } else { Change::Started };
            self.note(at, Subject::volume(self.provider.id(), volume), change).await;
        }
    }
}

#[async_trait]
impl Resize for Metered {
    async fn resize_host(&self, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()> {
        let resize = self.provider.resize().ok_or_else(|| absent("resize"))?;
        resize.resize_host(id, to, disk).await?;
        let at = self.meter.now();
        let known = self.standing(&self.subject(id)).await.and_then(|known| known.charges);
        if let Some(charges) = self.fresh_charges(id).await.filter(|fresh| known.as_ref() != Some(fresh)) {
            self.note(at, self.subject(id), Change::Resized { charges }).await;
        }
        if self.provider.capabilities().after_resize == AfterResize::Running {
            self.switched(id, Power::Running).await;
        }
        Ok(())
    }
}

#[async_trait]
impl Snapshots for Metered {
    async fn create_snapshot(&self, host: &HostId, name: &Name) -> Result<Snapshot> {
        let snapshot = self.inner_snapshots()?.create_snapshot(host, name).await?;
        let subject = Subject::snapshot(self.provider.id(), &snapshot.id);
        if self.standing(&subject).await.is_none() {
            let at = snapshot.created_at.unwrap_or_else(|| self.meter.now());
            let charges = snapshot_charges(&*self.provider, &snapshot).await;
            let tags = Tags::of_snapshot(&snapshot);
            self.note(at, subject, Change::Created { power: Power::Running, charges, tags }).await;
        }
        Ok(snapshot)
    }

    async fn get_snapshot(&self, id: &SnapshotId) -> Result<Snapshot> {
        self.inner_snapshots()?.get_snapshot(id).await
    }

    async fn list_snapshots(&self) -> Result<Vec<Snapshot>> {
        self.inner_snapshots()?.list_snapshots().await
    }

    async fn delete_snapshot(&self, id: &SnapshotId) -> Result<()> {
        self.inner_snapshots()?.delete_snapshot(id).await?;
        let (at, subject) = (self.meter.now(), Subject::snapshot(self.provider.id(), id));
        if self.standing(&subject).await.is_some_and(|known| !known.gone) {
            self.note(at, subject, Change::Deleted).await;
        }
        Ok(())
    }
}

#[async_trait]
impl Volumes for Metered {
    async fn create_volume(&self, spec: &VolumeSpec) -> Result<Volume> {
        let volume = self.inner_volumes()?.create_volume(spec).await?;
        let subject = Subject::volume(self.provider.id(), &volume.id);
        if self.standing(&subject).await.is_none() {
            let at = volume.created_at.unwrap_or_else(|| self.meter.now());
            let charges = disk_class(&*self.provider).await.and_then(|class| volume_charges(&volume, &class));
            let tags = Tags::of_volume(&volume);
            self.note(at, subject, Change::Created { power: Power::Running, charges, tags }).await;
        }
        Ok(volume)
    }

    async fn get_volume(&self, id: &VolumeId) -> Result<Volume> {
        self.inner_volumes()?.get_volume(id).await
    }

    async fn list_volumes(&self) -> Result<Vec<Volume>> {
        self.inner_volumes()?.list_volumes().await
    }

    async fn attach_volume(&self, id: &VolumeId, host: &HostId) -> Result<()> {
        self.inner_volumes()?.attach_volume(id, host).await?;
        self.moved(id, host, Power::Stopped).await;
        Ok(())
    }

    async fn detach_volume(&self, id: &VolumeId) -> Result<()> {
        let volumes = self.inner_volumes()?;
        let host = volumes.get_volume(id).await.ok().and_then(|volume| volume.host);
        volumes.detach_volume(id).await?;
        if let Some(host) = host {
            self.moved(id, &host, Power::Running).await;
        }
        Ok(())
    }

    async fn grow_volume(&self, id: &VolumeId, size: GiB) -> Result<()> {
        let volumes = self.inner_volumes()?;
        volumes.grow_volume(id, size).await?;
        let at = self.meter.now();
        let (volume, class) = (volumes.get_volume(id).await.ok(), disk_class(&*self.provider).await);
        let charges = volume.zip(class).and_then(|(volume, class)| volume_charges(&volume, &class));
        let subject = Subject::volume(self.provider.id(), id);
        let known = self.standing(&subject).await;
        if let (Some(charges), Some(_)) = (charges, known) {
            self.note(at, subject, Change::Resized { charges }).await;
        }
        Ok(())
    }

    async fn delete_volume(&self, id: &VolumeId) -> Result<()> {
        self.inner_volumes()?.delete_volume(id).await?;
        let (at, subject) = (self.meter.now(), Subject::volume(self.provider.id(), id));
        if self.standing(&subject).await.is_some_and(|known| !known.gone) {
            self.note(at, subject, Change::Deleted).await;
        }
        Ok(())
    }
}

/// Nobody reaches an ability that the provider lacks, but by keeping it from another provider.
fn absent(ability: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("the provider has no {ability}"))
}
