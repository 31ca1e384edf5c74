//! What is on sale and what it costs: our trait over what was read.

use async_trait::async_trait;
use cloud_driver::nonsense;
use cloud_types::{
    Catalog, CostKind, DiskClass, DiskClassInfo, Estimate, GiB, HostRuntime, HostSpec, ImageInfo, MachineType,
    Offering, OfferingFilter, RegionInfo, Result, Snapshot,
};

use crate::bill;
use crate::disk::{DiskKind, DiskUse};
use crate::host::Aws;

#[async_trait]
impl Catalog for Aws {
    async fn regions(&self) -> Result<Vec<RegionInfo>> {
        let list = self.0.api.everywhere(async |region| {
            let info = self.0.stock.region(&region).await?;
            Ok(vec![info.as_ref().clone()])
        });
        self.0.account.call("list_regions", list).await
    }

    /// Those of all regions, each once.
    async fn machine_types(&self) -> Result<Vec<MachineType>> {
        let list = self.0.api.everywhere(async |region| {
            let sold = self.0.stock.sold(&region).await?;
            Ok(sold.all().map(|one| one.machine.clone()).collect())
        });
        let mut types = self.0.account.call("list_machine_types", list).await?;
        types.sort_by(|a: &MachineType, b: &MachineType| a.name.cmp(&b.name));
        types.dedup_by(|a, b| a.name == b.name);
        Ok(types)
    }

    /// The systems that are named by version, as parameters that name the newest image of a system in every region.
    async fn images(&self) -> Result<Vec<ImageInfo>> {
        self.0.account.call("list_images", self.0.images.known()).await
    }

    /// The classes in the provider's first region. Of the fastest, speed is billed beside the size.
    async fn disk_classes(&self) -> Result<Vec<DiskClassInfo>> {
        let list = async {
            let regions = self.0.api.regions().await?;
            let prices = self.0.stock.rest(regions.first().ok_or_else(|| nonsense("no region"))?).await?;
            let mut classes = Vec::new();
            for class in [DiskClass::Standard, DiskClass::Capacity, DiskClass::Performance] {
                let name = DiskKind::of(class, DiskUse::Data, GiB(1_000)).name;
                if let Some(gib_month) = prices.gib_month(&name) {
                    let terms = Some(bill::terms(CostKind::DataDisk));
                    classes.push(DiskClassInfo { class, name, gib_month, terms });
                }
            }
            Ok(classes)
        };
        self.0.account.call("list_disk_classes", list).await
    }

    async fn offerings(&self, filter: &OfferingFilter) -> Result<Vec<Offering>> {
        let list = async {
            let stock = &self.0.stock;
            let mut offerings = match &filter.region {
                Some(region) => stock.offerings(region, filter.pricing).await?,
                None => {
                    let offerings = async |region| stock.offerings(&region, filter.pricing).await;
                    self.0.api.everywhere(offerings).await?
                }
            };
            offerings.retain(|offering| filter.passes(offering));
            Ok(offerings)
        };
        self.0.account.call("list_offerings", list).await
    }

    /// A spot host is estimated in the zone where it would be tried first.
    async fn estimate(&self, spec: &HostSpec) -> Result<Estimate> {
        self.0.account.call("estimate", bill::estimate(&self.0, spec)).await
    }

    async fn host_cost(&self, host: &HostRuntime) -> Result<Estimate> {
        self.0.account.call("host_cost", bill::host(&self.0, host)).await
    }

    /// What the whole disk would cost: AWS bills what was written since the snapshot before, and does not tell how much.
    async fn snapshot_cost(&self, snapshot: &Snapshot) -> Result<Estimate> {
        self.0.account.call("snapshot_cost", bill::snapshot(&self.0, snapshot)).await
    }
}
