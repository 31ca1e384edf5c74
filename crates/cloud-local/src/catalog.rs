//! What can be ordered and what it costs.

use async_trait::async_trait;
use cloud_driver::Sold;
use cloud_types::{
    Catalog, CostItem, CostKind, DiskClass, DiskClassInfo, Error, Estimate, HostRuntime, HostSpec, ImageInfo, Machine,
    MachineType, MachineTypeName, Offering, OfferingFilter, Pricing, Rate, RegionInfo, Result, Snapshot, Terms,
};
use cloud_world::{Market, World};
use jiff::Timestamp;

use crate::cloud::Cloud;
use crate::convert::{self, architecture, gib, hour, market, money};
use crate::faults::Operation;
use crate::local::Local;

#[async_trait]
impl Catalog for Local {
    async fn regions(&self) -> Result<Vec<RegionInfo>> {
        self.look_up("list_regions", |cloud, now| Ok(sold(&cloud.world, now)?.regions)).await
    }

    async fn machine_types(&self) -> Result<Vec<MachineType>> {
        self.look_up("list_machine_types", |cloud, now| Ok(sold(&cloud.world, now)?.machine_types)).await
    }

    async fn images(&self) -> Result<Vec<ImageInfo>> {
        let images = |cloud: &Cloud, _| {
            let images = cloud.world.catalog.images.iter().map(|image| ImageInfo {
                id: image.id.to_string(),
                description: image.description.clone(),
                architecture: architecture(image.architecture),
                deprecated: image.deprecated.is_some(),
            });
            Ok(images.collect())
        };
        self.look_up("list_images", images).await
    }

    async fn disk_classes(&self) -> Result<Vec<DiskClassInfo>> {
        let classes = |cloud: &Cloud, _| {
            let gib_month = money(&cloud.world, cloud.world.catalog.tariff.volume_gb_month)?;
            let terms = Some(terms(CostKind::DataDisk));
            Ok(vec![DiskClassInfo { class: DiskClass::Standard, name: "local".to_owned(), gib_month, terms }])
        };
        self.look_up("list_disk_classes", classes).await
    }

    async fn offerings(&self, filter: &OfferingFilter) -> Result<Vec<Offering>> {
        let passing = |cloud: &Cloud, now| {
            let mut sold = sold(&cloud.world, now)?;
            if let Some(region) = &filter.region {
                sold.check_region(region)?;
            }
            sold.offerings.retain(|offering| filter.passes(offering));
            Ok(sold.offerings)
        };
        self.look_up("list_offerings", passing).await
    }

    async fn estimate(&self, spec: &HostSpec) -> Result<Estimate> {
        self.0.account.named("estimate", self.0.account.capabilities().check(spec))?;
        self.look_up("estimate", |cloud, now| estimate(&cloud.world, spec, now)).await
    }

    async fn host_cost(&self, host: &HostRuntime) -> Result<Estimate> {
        self.look_up("host_cost", |cloud, _| host_cost(cloud, host)).await
    }

    async fn snapshot_cost(&self, snapshot: &Snapshot) -> Result<Estimate> {
        let cost = |cloud: &Cloud, _| {
            let size = snapshot.size.or(snapshot.disk_size).map_or(0, |size| size.0);
            let gib_month = money(&cloud.world, cloud.world.catalog.tariff.snapshot_gb_month)?;
            let rate = Rate::Monthly { price: gib_month.times(size) };
            Estimate::counted(vec![CostItem::new(CostKind::Snapshot, format!("{size} GiB"), rate)], terms)
        };
        self.look_up("snapshot_cost", cost).await
    }
}

impl Local {
    async fn look_up<T: Send>(
        &self,
        operation: &'static str,
        look: impl Fn(&Cloud, Timestamp) -> Result<T> + Send + Sync,
    ) -> Result<T> {
        let read = self.0.client.repeat(Operation::ReadCatalog, |cloud, now| look(cloud, now));
        self.0.account.call(operation, read).await
    }
}

/// The machine type that a spec gets, once all else in it that the catalog knows is found to be right.
pub(crate) fn choose(world: &World, spec: &HostSpec, now: Timestamp) -> Result<MachineTypeName> {
    let mut sold = sold(world, now)?;
    sold.check_region(&spec.region)?;
    let zones = world.catalog.region(spec.region.as_str()).map_or(&[][..], |region| &region.zones);
    if let Some(zone) = spec.zone.as_ref().filter(|zone| !zones.iter().any(|known| known == zone.as_str())) {
        return Err(Error::invalid("zone", format!("there is no zone {zone} in {}", spec.region)));
    }
    sold.offerings.retain(|offering| {
        offering.pricing == spec.pricing && spec.zone.as_ref().is_none_or(|zone| Some(zone) == offering.zone.as_ref())
    });
    let machine = match &spec.machine {
        Machine::Named(name) => sold.machine_type(name, &spec.region)?,
        Machine::AtLeast(required) => sold.cheapest(&spec.region, required)?,
        _ => return Err(Error::unsupported("this provider takes machine types by name or by requirements")),
    };
    // The image is looked up here too, so that a wrong one is refused before a data disk is made.
    convert::host_request(world, spec, &machine.name, &cloud_world::Labels::new())?;
    Ok(machine.name.clone())
}

/// Everything on sale, in every zone.
fn sold(world: &World, now: Timestamp) -> Result<Sold> {
    let catalog = &world.catalog;
    let regions = catalog.regions.iter().map(convert::region).collect::<Result<Vec<_>>>()?;
    let machine_types = catalog.machines.iter().map(convert::machine_type).collect::<Result<Vec<_>>>()?;
    let mut offerings = Vec::new();
    for (machine, machine_type) in catalog.machines.iter().zip(&machine_types) {
        for place in &regions {
            let Some(price) = machine.prices.get(place.name.as_str()) else { continue };
            let orderable = world.orderable(place.name.as_str(), &machine.name, now);
            for pricing in [Pricing::OnDemand, Pricing::Spot] {
                let Some(hourly) = hour(price, market(pricing)) else { continue };
                let monthly_cap = (pricing == Pricing::OnDemand).then(|| money(world, price.monthly)).transpose()?;
                let hourly = money(world, hourly)?;
                offerings.extend(place.zones.iter().map(|zone| {
                    let stock = catalog.stock.get(zone.as_str()).and_then(|stock| stock.get(&machine.name));
                    Offering {
                        machine_type: machine_type.clone(),
                        region: place.name.clone(),
                        zone: Some(zone.clone()),
                        pricing,
                        hourly,
                        monthly_cap,
                        orderable: orderable && stock.is_none_or(|left| *left > 0),
                    }
                }));
            }
        }
    }
    Ok(Sold { regions, machine_types, offerings })
}

fn estimate(world: &World, spec: &HostSpec, now: Timestamp) -> Result<Estimate> {
    let machine = choose(world, spec, now)?;
    let default = world.catalog.machine(machine.as_str()).map_or(0, |machine| machine.disk_gb);
    items(
        world,
        &Bill {
            machine: machine.as_str(),
            region: spec.region.as_str(),
            market: market(spec.pricing),
            boot_disk_gb: spec.boot_disk.size.map_or(default, |size| size.0.into()),
            data_disk_gb: spec.data_disk.map(|disk| disk.size.0.into()),
            ipv4: spec.public_network.ipv4,
        },
    )
}

fn host_cost(cloud: &Cloud, host: &HostRuntime) -> Result<Estimate> {
    let host = cloud.host(host.id.as_str())?;
    let disk = cloud.data_disk_of(host).map(|disk| disk.size_gb);
    items(
        &cloud.world,
        &Bill {
            machine: &host.machine,
            region: &host.region,
            market: host.market,
            boot_disk_gb: host.boot_disk_gb,
            data_disk_gb: disk,
            ipv4: host.ipv4.is_some(),
        },
    )
}

/// Of everything, seconds.
fn terms(_: CostKind) -> Terms {
    Terms::SECOND
}

/// What a host is billed for.
struct Bill<'a> {
    machine: &'a str,
    region: &'a str,
    market: Market,
    boot_disk_gb: u64,
    data_disk_gb: Option<u64>,
    ipv4: bool,
}

fn items(world: &World, bill: &Bill<'_>) -> Result<Estimate> {
    let price = world.catalog.machine(bill.machine).and_then(|machine| machine.prices.get(bill.region));
    let sold = price.and_then(|price| Some((price.monthly, hour(price, bill.market)?)));
    let (cap, hourly) = sold.ok_or_else(|| Error::invalid("machine", "is not sold there like that"))?;
    let cap = (bill.market == Market::OnDemand).then(|| money(world, cap)).transpose()?;
    let machine = Rate::Hourly { price: money(world, hourly)?, cap };
    let tariff = &world.catalog.tariff;
    let gib_month = money(world, tariff.volume_gb_month)?;
    let disk = |kind, size: u64| {
        let size = gib(size);
        CostItem::new(kind, size.to_string(), Rate::Monthly { price: gib_month.times(size.0) })
    };
    let mut items = vec![
        CostItem::new(CostKind::Machine, bill.machine, machine).not_billed_when_stopped(),
        disk(CostKind::BootDisk, bill.boot_disk_gb),
    ];
    items.extend(bill.data_disk_gb.map(|size| disk(CostKind::DataDisk, size)));
    if bill.ipv4 {
        let rate = Rate::Hourly { price: money(world, tariff.ipv4_hour)?, cap: Some(money(world, tariff.ipv4_month)?) };
        items.push(CostItem::new(CostKind::Address, "IPv4", rate));
    }
    Estimate::counted(items, terms)
}
