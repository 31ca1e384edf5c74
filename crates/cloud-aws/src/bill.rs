//! What a host or a snapshot costs, item by item.

use std::sync::Arc;

use cloud_types::{
    CostItem, CostKind, Estimate, GiB, HostRuntime, HostSpec, MachineTypeName, Pricing, Rate, Region, Result, Snapshot,
    Terms,
};

use crate::convert::{IMAGE, Place, PriceList};
use crate::disk::{DiskKind, DiskUse};
use crate::parts::Parts;
use crate::planner;
use crate::stock::unpriced;

pub(crate) async fn estimate(parts: &Parts, spec: &HostSpec) -> Result<Estimate> {
    parts.account.capabilities().check(spec)?;
    let plan = planner::plan(parts, spec).await?;
    let zone = plan.places.first().map_or("", |place| place.zone.as_str());
    let bill = Bill::of(parts, &spec.region).await?;
    let mut items = vec![bill.machine(zone, &plan.machine, spec.pricing).await?];
    let kind = DiskKind::of(spec.boot_disk.class, DiskUse::Boot, plan.boot_disk);
    items.push(bill.disk(CostKind::BootDisk, &kind, plan.boot_disk)?);
    if let Some(disk) = &spec.data_disk {
        let kind = DiskKind::of(disk.class, DiskUse::Data, disk.size);
        items.push(bill.disk(CostKind::DataDisk, &kind, disk.size)?);
    }
    if spec.public_network.ipv4 {
        items.push(bill.address()?);
    }
    Estimate::counted(items, terms)
}

pub(crate) async fn host(parts: &Parts, host: &HostRuntime) -> Result<Estimate> {
    let place = Place::of_host(&host.id)?;
    let seen = parts.reader.read_alone(&place).await?;
    let zone = host.zone.as_ref().map_or("", |zone| zone.as_str());
    let bill = Bill::of(parts, &host.region).await?;
    let mut items = vec![bill.machine(zone, &host.machine_type, seen.pricing).await?];
    for disk in parts.storage.at(&place).await? {
        let device = disk.attachment.and_then(|one| one.device);
        let boot = device.is_some() && device == seen.root_device;
        let kind = if boot { CostKind::BootDisk } else { CostKind::DataDisk };
        items.push(bill.disk(kind, &disk.kind, disk.volume.size)?);
    }
    if host.addresses.public_v4.is_some() {
        items.push(bill.address()?);
    }
    Estimate::counted(items, terms)
}

pub(crate) async fn snapshot(parts: &Parts, snapshot: &Snapshot) -> Result<Estimate> {
    let place = Place::read(IMAGE, snapshot.id.as_str())?;
    let prices = parts.stock.rest(&place.region).await?;
    let size = snapshot.size.or(snapshot.disk_size).unwrap_or(GiB(0));
    let price = prices.snapshot_gib_month().ok_or_else(|| unpriced("a snapshot"))?.times(size.0);
    let rate = Rate::Monthly { price };
    Estimate::counted(vec![CostItem::new(CostKind::Snapshot, format!("snapshot ({size})"), rate)], terms)
}

/// Hosts on Linux, disks and addresses by the second and at least a minute
/// (<https://repost.aws/knowledge-center/ec2-instance-hour-billing>, <https://aws.amazon.com/ebs/pricing>), snapshots by the
/// second (<https://aws.amazon.com/ebs/pricing>).
pub(crate) fn terms(kind: CostKind) -> Terms {
    match kind {
        CostKind::Machine | CostKind::BootDisk | CostKind::DataDisk | CostKind::Address => Terms::SECOND_FROM_MINUTE,
        _ => Terms::SECOND,
    }
}

/// The prices of one host.
struct Bill<'a> {
    parts: &'a Parts,
    region: &'a Region,
    rest: Arc<PriceList>,
}

impl<'a> Bill<'a> {
    async fn of(parts: &'a Parts, region: &'a Region) -> Result<Self> {
        Ok(Self { parts, region, rest: parts.stock.rest(region).await? })
    }

    async fn machine(&self, zone: &str, name: &MachineTypeName, pricing: Pricing) -> Result<CostItem> {
        let hourly = self.parts.stock.hourly(self.region, zone, name, pricing).await?;
        Ok(CostItem::new(CostKind::Machine, name.as_str(), Rate::hourly_price(hourly)).not_billed_when_stopped())
    }

    fn disk(&self, cost: CostKind, kind: &DiskKind, size: GiB) -> Result<CostItem> {
        let rate = self.rest.disk(kind, size.0).ok_or_else(|| unpriced(&kind.name))?;
        Ok(CostItem::new(cost, format!("{} ({size})", kind.name), rate))
    }

    /// A public address, which a stopped host gives back.
    fn address(&self) -> Result<CostItem> {
        let hourly = self.rest.address().ok_or_else(|| unpriced("a public IPv4 address"))?;
        let item = CostItem::new(CostKind::Address, "IPv4 address", Rate::hourly_price(hourly));
        Ok(item.not_billed_when_stopped())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_snapshots_is_billed_for_a_minute_at_least() {
        for kind in [CostKind::Machine, CostKind::BootDisk, CostKind::DataDisk, CostKind::Address] {
            assert_eq!(terms(kind), Terms::SECOND_FROM_MINUTE);
        }
        assert_eq!(terms(CostKind::Snapshot), Terms::SECOND);
    }
}
