//! The catalog and prices, as the contract asks for them.

use async_trait::async_trait;
use cloud_driver::labels;
use cloud_types::{
    Catalog, CostItem, CostKind, DiskClass, DiskClassInfo, Estimate, GiB, HostRuntime, HostSpec, ImageInfo,
    MachineType, MachineTypeName, Money, Offering, OfferingFilter, Rate, RegionInfo, Result, Snapshot, Terms,
    ownership,
};

use crate::client::selector;
use crate::convert::{self, Shelf};
use crate::host::Hetzner;
use crate::shelf::check;

#[async_trait]
impl Catalog for Hetzner {
    async fn regions(&self) -> Result<Vec<RegionInfo>> {
        self.on_shelf("list_regions", |shelf| Ok(shelf.sold.regions.clone())).await
    }

    async fn machine_types(&self) -> Result<Vec<MachineType>> {
        self.on_shelf("list_machine_types", |shelf| Ok(shelf.sold.machine_types.clone())).await
    }

    async fn images(&self) -> Result<Vec<ImageInfo>> {
        self.on_shelf("list_images", |shelf| Ok(shelf.images.iter().map(|(_, image)| image.clone()).collect())).await
    }

    async fn disk_classes(&self) -> Result<Vec<DiskClassInfo>> {
        let (class, terms) = (DiskClass::Standard, Some(terms(CostKind::DataDisk)));
        let volume = |gib_month: Money| vec![DiskClassInfo { class, name: "volume".to_owned(), gib_month, terms }];
        self.on_shelf("list_disk_classes", |shelf| shelf.volume.clone().map(volume)).await
    }

    async fn offerings(&self, filter: &OfferingFilter) -> Result<Vec<Offering>> {
        let pass = |shelf: &Shelf| {
            if let Some(region) = &filter.region {
                shelf.sold.check_region(region)?;
            }
            Ok(shelf.sold.offerings.iter().filter(|offering| filter.passes(offering)).cloned().collect())
        };
        self.on_shelf("list_offerings", pass).await
    }

    async fn estimate(&self, spec: &HostSpec) -> Result<Estimate> {
        self.0.account.named("estimate", check(&self.0.account, spec))?;
        let estimate = |shelf: &Shelf| {
            let name = MachineTypeName::new(shelf.plan(spec)?.machine_type)?;
            let mut items = shelf.machine_items(&name, &spec.region, spec.public_network.ipv4)?;
            if let Some(disk) = &spec.data_disk {
                items.push(shelf.disk_item(disk.size, "data disk")?);
            }
            Estimate::counted(items, terms)
        };
        self.on_shelf("estimate", estimate).await
    }

    async fn host_cost(&self, host: &HostRuntime) -> Result<Estimate> {
        let cost = async {
            let shelf = self.0.catalog.read().await?;
            let ipv4 = host.addresses.public_v4.is_some();
            let mut items = shelf.machine_items(&host.machine_type, &host.region, ipv4)?;
            if let Some(owner) = &host.owner {
                let disks = [
                    (ownership::OWNER, owner.as_str()),
                    (ownership::NAME, &host.name),
                    (labels::USE, labels::DATA_DISK),
                ];
                for volume in self.0.api.all_volumes(&selector(&disks)).await? {
                    items.push(shelf.disk_item(convert::whole_gib(volume.size), "data disk")?);
                }
            }
            Estimate::counted(items, terms)
        };
        self.0.account.call("host_cost", cost).await
    }

    async fn snapshot_cost(&self, snapshot: &Snapshot) -> Result<Estimate> {
        let cost = |shelf: &Shelf| {
            let size = snapshot.size.or(snapshot.disk_size).unwrap_or(GiB(0));
            let rate = Rate::Monthly { price: shelf.snapshot.clone()?.times(size.0) };
            Estimate::counted(vec![CostItem::new(CostKind::Snapshot, format!("snapshot ({size})"), rate)], terms)
        };
        self.on_shelf("snapshot_cost", cost).await
    }
}

impl Hetzner {
    async fn on_shelf<T: Send>(
        &self,
        operation: &'static str,
        look: impl FnOnce(&Shelf) -> Result<T> + Send,
    ) -> Result<T> {
        self.0.account.call(operation, async { look(&*self.0.catalog.read().await?) }).await
    }
}

/// Of everything, started hours: "always rounded up", "never exceed the monthly price cap"
/// (<https://docs.hetzner.com/cloud/billing/faq>).
fn terms(_: CostKind) -> Terms {
    Terms::HOUR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_billed_by_started_hours() {
        for kind in [CostKind::Machine, CostKind::Address, CostKind::DataDisk, CostKind::Snapshot] {
            assert_eq!(terms(kind), Terms::HOUR);
        }
    }
}
