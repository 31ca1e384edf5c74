//! What this box sells: one region, its machine types, and what is left of it.

use async_trait::async_trait;
use cloud_types::{
    Catalog, CostKind, DiskClassInfo, Estimate, GiB, HostRuntime, HostSpec, ImageInfo, MachineType, Offering,
    OfferingFilter, RegionInfo, Result, Snapshot,
};
use cocoon::VmId;

use crate::host::Provider;
use crate::machine;
use crate::offers::boot_size;

#[async_trait]
impl Catalog for Provider {
    async fn regions(&self) -> Result<Vec<RegionInfo>> {
        Ok(self.0.offers.regions())
    }

    async fn machine_types(&self) -> Result<Vec<MachineType>> {
        Ok(self.0.offers.machines.clone())
    }

    async fn images(&self) -> Result<Vec<ImageInfo>> {
        self.0.account.call("list_images", self.0.images.list()).await
    }

    async fn disk_classes(&self) -> Result<Vec<DiskClassInfo>> {
        Ok(self.0.offers.disk_classes())
    }

    async fn offerings(&self, filter: &OfferingFilter) -> Result<Vec<Offering>> {
        let list = async {
            let mut sold = self.0.offers.sold().await?;
            if let Some(region) = &filter.region {
                sold.check_region(region)?;
            }
            sold.offerings.retain(|offering| filter.passes(offering));
            Ok(sold.offerings)
        };
        self.0.account.call("list_offerings", list).await
    }

    async fn estimate(&self, spec: &HostSpec) -> Result<Estimate> {
        let estimate = async {
            self.0.account.capabilities().check(spec)?;
            let machine = self.0.offers.choose(spec).await?;
            let data: Vec<GiB> = spec.data_disk.iter().map(|disk| disk.size).collect();
            // What an image that is not here would need is not known.
            self.0.offers.prices.host(&machine, boot_size(spec, &machine, GiB(0))?, &data)
        };
        self.0.account.call("estimate", estimate).await
    }

    async fn host_cost(&self, host: &HostRuntime) -> Result<Estimate> {
        let cost = async {
            let vm = self.0.vm(&host.id).await?;
            let boot = self.0.offers.boot_disk(&vm).await?;
            // As it is now, whatever the catalog says of its type.
            let machine = MachineType {
                name: self.0.host(&vm)?.machine_type,
                vcpus: vm.hardware.cpus,
                memory: vm.hardware.memory,
                ..machine::custom()?
            };
            let data = self.0.disks.of_host(&vm.name).await?;
            let is_here = |id: &VmId| vm.hardware.volumes.iter().any(|volume| volume.id == *id);
            let data: Vec<GiB> = data.iter().filter(|disk| is_here(&disk.id)).map(|disk| disk.size).collect();
            self.0.offers.prices.host(&machine, boot, &data)
        };
        self.0.account.call("host_cost", cost).await
    }

    async fn snapshot_cost(&self, snapshot: &Snapshot) -> Result<Estimate> {
        let size = snapshot.size.or(snapshot.disk_size).unwrap_or(GiB(0));
        let cost = Estimate::new(vec![self.0.offers.prices.disk(CostKind::Snapshot, size)]);
        self.0.account.named("snapshot_cost", cost)
    }
}
