//! What Google sells, and what it costs.

use std::sync::Arc;

use async_trait::async_trait;
use cloud_driver::one_line;
use cloud_types::{
    Catalog, CostItem, CostKind, DiskClass, DiskClassInfo, Error, ErrorKind, Estimate, GiB, HostRuntime, HostSpec,
    ImageInfo, MachineType, MachineTypeName, Offering, OfferingFilter, Pricing, Rate, Region, RegionInfo, Result,
    Snapshot, Terms,
};
use futures::future::{try_join, try_join_all};

use crate::convert::{self, PriceList, RegionSold, SNAPSHOT};
use crate::host::Gcp;
use crate::parts::Parts;
use crate::place::Place;
use crate::{labels, planner};

#[async_trait]
impl Catalog for Gcp {
    async fn regions(&self) -> Result<Vec<RegionInfo>> {
        self.0.account.call("list_regions", self.0.shelf.regions()).await
    }

    async fn machine_types(&self) -> Result<Vec<MachineType>> {
        let list = async {
            let (types, gpus) = try_join(self.0.api.machine_types(), self.0.api.accelerator_types()).await?;
            convert::everywhere(types, gpus)
        };
        self.0.account.call("list_machine_types", list).await
    }

    async fn images(&self) -> Result<Vec<ImageInfo>> {
        let list = async {
            let projects = ["ubuntu-os-cloud", "debian-cloud"].map(|project| self.0.api.images(project));
            let images = try_join_all(projects).await?.into_iter().flatten();
            let images = images.filter(|image| !convert::is_deprecated(image.deprecated.as_ref()));
            images.map(|image| convert::image(&image)).collect()
        };
        self.0.account.call("list_images", list).await
    }

    async fn disk_classes(&self) -> Result<Vec<DiskClassInfo>> {
        let list = async {
            let (regions, prices) = try_join(self.0.shelf.regions(), self.0.shelf.prices()).await?;
            let mut classes = Vec::new();
            for class in [DiskClass::Standard, DiskClass::Capacity, DiskClass::Performance] {
                let kind = convert::disk_type(class, "");
                // A price that differs by region is told of the first region that has one.
                if let Some(gib_month) = regions.iter().find_map(|region| prices.gib_month(&region.name, kind)) {
                    let terms = Some(terms(CostKind::DataDisk));
                    classes.push(DiskClassInfo { class, name: kind.to_owned(), gib_month, terms });
                }
            }
            Ok(classes)
        };
        self.0.account.call("list_disk_classes", list).await
    }

    async fn offerings(&self, filter: &OfferingFilter) -> Result<Vec<Offering>> {
        let list = async {
            let regions = match &filter.region {
                Some(region) => vec![region.clone()],
                None => self.0.shelf.regions().await?.iter().map(|region| region.name.clone()).collect(),
            };
            let mut offerings = Vec::new();
            for region in &regions {
                offerings.extend(self.0.shelf.offerings(region).await?);
            }
            offerings.retain(|offering| filter.passes(offering));
            Ok(offerings)
        };
        self.0.account.call("list_offerings", list).await
    }

    async fn estimate(&self, spec: &HostSpec) -> Result<Estimate> {
        let estimate = async {
            planner::check(&self.0.account, spec)?;
            let plan = planner::plan(&self.0, spec).await?;
            let bill = Bill::of(&self.0, &spec.region, spec.pricing).await?;
            let mut items = vec![bill.machine(&plan.machine_name()?)?];
            let disk_type = convert::disk_type(spec.boot_disk.class, &plan.machine);
            items.push(bill.disk(CostKind::BootDisk, disk_type, plan.boot_disk)?);
            if let Some(disk) = &spec.data_disk {
                let disk_type = convert::disk_type(disk.class, &plan.machine);
                items.push(bill.disk(CostKind::DataDisk, disk_type, disk.size)?);
            }
            if spec.public_network.ipv4 {
                items.extend(bill.address(self.0.addresses.reserves(spec)));
            }
            Estimate::counted(items, terms)
        };
        self.0.account.call("estimate", estimate).await
    }

    async fn host_cost(&self, host: &HostRuntime) -> Result<Estimate> {
        let cost = async {
            let seen = self.0.reader.read_alone(&Place::read(host.id.as_str())?).await?;
            let bill = Bill::of(&self.0, &host.region, seen.pricing).await?;
            let mut items = vec![bill.machine(&host.machine_type)?];
            for attached in &seen.disks {
                let place = Place::new(seen.place.zone.as_str(), attached.name.as_str());
                let disk = self.0.disks.get(&place).await?;
                let kind = if attached.boot { CostKind::BootDisk } else { CostKind::DataDisk };
                items.push(bill.disk(kind, &disk.kind, disk.size?)?);
            }
            let is_reserved = seen.labels.contains_key(labels::ADDRESS);
            if is_reserved || host.addresses.public_v4.is_some() {
                items.extend(bill.address(is_reserved));
            }
            Estimate::counted(items, terms)
        };
        self.0.account.call("host_cost", cost).await
    }

    async fn snapshot_cost(&self, snapshot: &Snapshot) -> Result<Estimate> {
        let cost = async {
            let prices = self.0.shelf.prices().await?;
            let regions = self.0.shelf.regions().await?;
            let size = snapshot.size.or(snapshot.disk_size).unwrap_or(GiB(0));
            let price = regions.iter().find_map(|region| prices.gib_month(&region.name, SNAPSHOT));
            let price = price.ok_or_else(|| unpriced(SNAPSHOT))?.times(size.0);
            let item = CostItem::new(CostKind::Snapshot, format!("snapshot ({size})"), Rate::Monthly { price });
            Estimate::counted(vec![item], terms)
        };
        self.0.account.call("snapshot_cost", cost).await
    }
}

/// The prices of one host.
struct Bill {
    sold: Arc<RegionSold>,
    prices: Arc<PriceList>,
    region: Region,
    pricing: Pricing,
}

impl Bill {
    async fn of(parts: &Parts, region: &Region, pricing: Pricing) -> Result<Self> {
        let (sold, prices) = try_join(parts.shelf.region(region), parts.shelf.prices()).await?;
        Ok(Self { sold, prices, region: region.clone(), pricing })
    }

    fn machine(&self, name: &MachineTypeName) -> Result<CostItem> {
        let machine = self.sold.machine(name)?;
        let hourly =
            self.prices.machine(&self.region, &machine, self.pricing).ok_or_else(|| unpriced(name.as_str()))?;
        Ok(CostItem::new(CostKind::Machine, name.as_str(), Rate::hourly_price(hourly)).not_billed_when_stopped())
    }

    fn disk(&self, kind: CostKind, disk_type: &str, size: GiB) -> Result<CostItem> {
        let gib = self.prices.gib_month(&self.region, disk_type).ok_or_else(|| unpriced(disk_type))?;
        Ok(CostItem::new(kind, format!("{disk_type} ({size})"), Rate::Monthly { price: gib.times(size.0) }))
    }

    /// A public address. An ephemeral one is given back by a stopped host; a reserved one "is in use if it is associated with a
    /// VM instance whether the instance is running or stopped", and costs the same (<https://cloud.google.com/vpc/network-pricing>).
    fn address(&self, is_reserved: bool) -> Option<CostItem> {
        let rate = Rate::hourly_price(self.prices.address(&self.region, self.pricing)?);
        Some(match is_reserved {
            true => CostItem::new(CostKind::Address, "reserved IPv4 address", rate),
            false => CostItem::new(CostKind::Address, "IPv4 address", rate).not_billed_when_stopped(),
        })
    }
}

/// Hosts by the second and at least a minute (<https://cloud.google.com/compute/vm-instance-pricing>), disks, addresses and
/// snapshots by the second (<https://cloud.google.com/compute/disks-image-pricing>).
fn terms(kind: CostKind) -> Terms {
    match kind {
        CostKind::Machine => Terms::SECOND_FROM_MINUTE,
        _ => Terms::SECOND,
    }
}

fn unpriced(what: &str) -> Error {
    let message = format!("the price list has no price for {} here", one_line(what));
    Error::new(ErrorKind::Unexpected, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_billed_for_a_minute_at_least_and_all_else_by_the_second() {
        assert_eq!(terms(CostKind::Machine), Terms::SECOND_FROM_MINUTE);
        for kind in [CostKind::BootDisk, CostKind::DataDisk, CostKind::Address, CostKind::Snapshot] {
            assert_eq!(terms(kind), Terms::SECOND);
        }
    }
}
