//! What can be ordered and what it costs.

use async_trait::async_trait;
use cloud_types::{
    Catalog, CostItem, CostKind, CpuKind, DiskClass, DiskClassInfo, Error, Estimate, GpuInfo, HostRuntime, HostSpec,
    ImageInfo, Machine, MachineType, MachineTypeName, MiB, Offering, OfferingFilter, Pricing, Rate, Region, RegionInfo,
    Result, Snapshot, Terms, Zone,
};
use cloud_world::{Cpu, Market, World};
use jiff::Timestamp;

use crate::cloud::Cloud;
use crate::convert::{self, architecture, hour, market, money};
use crate::local::named;
use crate::snapshot::gib;
use crate::{Local, Operation};

#[async_trait]
impl Catalog for Local {
    async fn regions(&self) -> Result<Vec<RegionInfo>> {
        let read = |cloud: &mut Cloud, _| cloud.world.catalog.regions.iter().map(region).collect();
        named("regions", self.repeat(Operation::ReadCatalog, read).await)
    }

    async fn machine_types(&self) -> Result<Vec<MachineType>> {
        let read = |cloud: &mut Cloud, _| cloud.world.catalog.machines.iter().map(machine_type).collect();
        named("machine_types", self.repeat(Operation::ReadCatalog, read).await)
    }

    async fn images(&self) -> Result<Vec<ImageInfo>> {
        let read = |cloud: &mut Cloud, _| {
            let images = cloud.world.catalog.images.iter().map(|image| ImageInfo {
                id: image.id.to_string(),
                description: image.description.clone(),
                architecture: architecture(image.architecture),
                deprecated: image.deprecated.is_some(),
            });
            Ok(images.collect())
        };
        named("images", self.repeat(Operation::ReadCatalog, read).await)
    }

    async fn disk_classes(&self) -> Result<Vec<DiskClassInfo>> {
        let read = |cloud: &mut Cloud, _| {
            let gib_month = money(&cloud.world, cloud.world.catalog.tariff.volume_gb_month)?;
            let terms = Some(terms(CostKind::DataDisk));
            Ok(vec![DiskClassInfo { class: DiskClass::Standard, name: "local".to_owned(), gib_month, terms }])
        };
        named("disk_classes", self.repeat(Operation::ReadCatalog, read).await)
    }

    async fn offerings(&self, filter: &OfferingFilter) -> Result<Vec<Offering>> {
        let read = |cloud: &mut Cloud, now| {
            if let Some(region) = &filter.region {
                check_region(&cloud.world, region)?;
            }
            let mut all = offerings(&cloud.world, now)?;
            all.retain(|offering| filter.passes(offering));
            Ok(all)
        };
        named("offerings", self.repeat(Operation::ReadCatalog, read).await)
    }

    async fn estimate(&self, spec: &HostSpec) -> Result<Estimate> {
        let read = |cloud: &mut Cloud, now| estimate(&cloud.world, spec, now);
        let estimated = match self.account.capabilities.check(spec) {
            Ok(()) => self.repeat(Operation::ReadCatalog, read).await,
            Err(error) => Err(error),
        };
        named("estimate", estimated)
    }

    async fn host_cost(&self, host: &HostRuntime) -> Result<Estimate> {
        let read = |cloud: &mut Cloud, _| host_cost(cloud, host);
        named("host_cost", self.repeat(Operation::ReadCatalog, read).await)
    }

    async fn snapshot_cost(&self, snapshot: &Snapshot) -> Result<Estimate> {
        let read = |cloud: &mut Cloud, _| {
            let size = snapshot.size.or(snapshot.disk_size).map_or(0, |size| size.0);
            let gib_month = money(&cloud.world, cloud.world.catalog.tariff.snapshot_gb_month)?;
            let rate = Rate::Monthly { price: gib_month.times(size) };
            Estimate::counted(vec![CostItem::new(CostKind::Snapshot, format!("{size} GiB"), rate)], terms)
        };
        named("snapshot_cost", self.repeat(Operation::ReadCatalog, read).await)
    }
}

/// The machine type that a wish gets, once all else in it that the catalog knows is found to be right.
pub(crate) fn choose(world: &World, spec: &HostSpec, now: Timestamp) -> Result<MachineTypeName> {
    check_region(world, &spec.region)?;
    let zones = world.catalog.region(spec.region.as_str()).map_or(&[][..], |region| &region.zones);
    if let Some(zone) = spec.zone.as_ref().filter(|zone| !zones.iter().any(|known| known == zone.as_str())) {
        return Err(Error::invalid("zone", format!("there is no zone {zone} in {}", spec.region)));
    }
    let mut sold = offerings(world, now)?;
    sold.retain(|offering| {
        offering.region == spec.region
            && offering.pricing == spec.pricing
            && spec.zone.as_ref().is_none_or(|zone| Some(zone) == offering.zone.as_ref())
    });
    let name = match &spec.machine {
        Machine::Named(name) if sold.iter().any(|offering| offering.machine_type.name == *name) => name.clone(),
        Machine::AtLeast(required) => Offering::cheapest(&sold, required)?.machine_type.name.clone(),
        Machine::Named(name) => {
            return Err(Error::invalid("machine", format!("there is no {name} in {}", spec.region)));
        }
        _ => return Err(Error::unsupported("this provider takes machine types by name or by requirements")),
    };
    // The image is looked up here too, so that a wrong one is refused before a data disk is made.
    convert::host_request(world, spec, &name, &cloud_world::Labels::new())?;
    Ok(name)
}

/// Everything on sale, in every zone.
fn offerings(world: &World, now: Timestamp) -> Result<Vec<Offering>> {
    let mut all = Vec::new();
    for machine in &world.catalog.machines {
        let machine_type = machine_type(machine)?;
        for place in &world.catalog.regions {
            let Some(price) = machine.prices.get(&place.name) else { continue };
            for (pricing, zone) in
                [Pricing::OnDemand, Pricing::Spot].into_iter().flat_map(|p| place.zones.iter().map(move |z| (p, z)))
            {
                let Some(hourly) = hour(price, market(pricing)) else { continue };
                let stock = world.catalog.stock.get(zone).and_then(|stock| stock.get(&machine.name));
                let cap = (pricing == Pricing::OnDemand).then(|| money(world, price.monthly)).transpose()?;
                all.push(Offering {
                    machine_type: machine_type.clone(),
                    region: Region::new(place.name.as_str())?,
                    zone: Some(Zone::new(zone.as_str())?),
                    pricing,
                    hourly: money(world, hourly)?,
                    monthly_cap: cap,
                    orderable: stock.is_none_or(|left| *left > 0) && world.orderable(&place.name, &machine.name, now),
                });
            }
        }
    }
    Ok(all)
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

fn check_region(world: &World, region: &Region) -> Result<()> {
    match world.catalog.region(region.as_str()) {
        Some(_) => Ok(()),
        None => Err(Error::invalid("region", format!("there is no region {region}"))),
    }
}

fn region(region: &cloud_world::Region) -> Result<RegionInfo> {
    Ok(RegionInfo {
        name: Region::new(region.name.as_str())?,
        description: region.description.clone(),
        zones: region.zones.iter().map(|zone| Zone::new(zone.as_str())).collect::<Result<_>>()?,
    })
}

fn machine_type(machine: &cloud_world::MachineType) -> Result<MachineType> {
    Ok(MachineType {
        name: MachineTypeName::new(machine.name.as_str())?,
        vcpus: machine.cores,
        cpu: match machine.cpu {
            Cpu::Shared => CpuKind::Shared,
            Cpu::Dedicated => CpuKind::Dedicated,
        },
        memory: MiB(machine.memory_mib),
        disk: Some(gib(machine.disk_gb)),
        architecture: architecture(machine.architecture),
        gpu: machine.gpu.as_ref().map(|gpu| GpuInfo { model: gpu.model.clone(), count: gpu.count, memory: None }),
        deprecated: machine.deprecated.is_some(),
    })
}
