//! What is on sale and what it costs: our trait over what was read.

mod bill;
mod cache;
mod cached;
mod sold;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Instance, InstanceLifecycleType};
use cloud_types::{
    Catalog, CostKind, DiskClass, DiskClassInfo, Error, ErrorKind, Estimate, GiB, HostRuntime, HostSpec, ImageInfo,
    MachineType, Offering, OfferingFilter, Pricing, RegionInfo, Result, Snapshot,
};

use crate::disk::{DiskKind, DiskUse};
use crate::host::{Aws, named};

pub(crate) use cache::CatalogCache;
pub(crate) use cached::Cached;

#[async_trait]
impl Catalog for Aws {
    async fn regions(&self) -> Result<Vec<RegionInfo>> {
        let list = self.0.api.everywhere(async |region| {
            let info = self.0.catalog.region(&self.0, &region).await?;
            Ok(vec![info.as_ref().clone()])
        });
        named("list_regions", list.await)
    }

    /// Those of all regions, each once.
    async fn machine_types(&self) -> Result<Vec<MachineType>> {
        let list = self.0.api.everywhere(async |region| {
            let sold = self.0.catalog.sold(&self.0, &region).await?;
            Ok(sold.all().map(|one| one.machine.clone()).collect())
        });
        let mut types = named("list_machine_types", list.await)?;
        types.sort_by(|a: &MachineType, b: &MachineType| a.name.cmp(&b.name));
        types.dedup_by(|a, b| a.name == b.name);
        Ok(types)
    }

    /// The systems that are named by version, as parameters that name the newest image of a system in every region.
    async fn images(&self) -> Result<Vec<ImageInfo>> {
        named("list_images", self.0.known_images().await)
    }

    /// The classes in the provider's first region. Of the fastest, speed is billed beside the size.
    async fn disk_classes(&self) -> Result<Vec<DiskClassInfo>> {
        let list = async {
            let regions = self.0.api.regions().await?;
            let region =
                regions.first().ok_or_else(|| Error::new(ErrorKind::Unexpected, "the account has no region"))?;
            let prices = self.0.catalog.rest(&self.0, region).await?;
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
        named("list_disk_classes", list.await)
    }

    async fn offerings(&self, filter: &OfferingFilter) -> Result<Vec<Offering>> {
        let list = async {
            let catalog = &self.0.catalog;
            let mut offerings = match &filter.region {
                Some(region) => catalog.offerings_of(&self.0, region, filter.pricing).await?,
                None => {
                    let everywhere = self
                        .0
                        .api
                        .everywhere(async |region| catalog.offerings_of(&self.0, &region, filter.pricing).await);
                    everywhere.await?
                }
            };
            offerings.retain(|offering| filter.passes(offering));
            Ok(offerings)
        };
        named("list_offerings", list.await)
    }

    /// A spot host is estimated in the zone where it would be tried first.
    async fn estimate(&self, spec: &HostSpec) -> Result<Estimate> {
        named("estimate", self.0.estimate(spec).await)
    }

    async fn host_cost(&self, host: &HostRuntime) -> Result<Estimate> {
        named("host_cost", self.0.host_cost(host).await)
    }

    /// What the whole disk would cost: AWS bills what was written since the snapshot before, and does not tell how much.
    async fn snapshot_cost(&self, snapshot: &Snapshot) -> Result<Estimate> {
        named("snapshot_cost", self.0.snapshot_cost(snapshot).await)
    }
}

fn pricing_of(instance: &Instance) -> Pricing {
    let spot = instance.instance_lifecycle() == Some(&InstanceLifecycleType::Spot);
    if spot { Pricing::Spot } else { Pricing::OnDemand }
}

fn unpriced(what: &str) -> Error {
    let message = format!("the price list has no price for {} here", crate::error::one_line(what));
    Error::new(ErrorKind::Unexpected, message)
}
