//! Machine types, images and prices: read when first needed, a region at a time, and kept for a while.

mod sold;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use cloud_types::{
    Catalog, Clock, CostItem, CostKind, DiskClass, DiskClassInfo, Error, ErrorKind, Estimate, GiB, HostRuntime,
    HostSpec, ImageInfo, MachineType, MachineTypeName, Offering, OfferingFilter, Pricing, Rate, Region, RegionInfo,
    Result, Snapshot, Terms,
};
use futures::future::{try_join, try_join_all};

use crate::convert::{self, Place};
use crate::host::{Gcp, Inner, named};
use crate::labels;
use crate::price::{PriceList, SNAPSHOT};
use crate::wire;

pub(crate) use sold::RegionSold;

/// What was read, and when.
#[derive(Debug, Default)]
pub(crate) struct CatalogCache {
    regions: Cached<Vec<RegionInfo>>,
    sold: Mutex<HashMap<Region, Arc<Cached<RegionSold>>>>,
    prices: Cached<PriceList>,
}

/// One thing that is read for all who need it, and kept while it is fresh.
#[derive(Debug)]
struct Cached<T> {
    last: Mutex<Option<(Duration, Arc<T>)>>,
    reading: tokio::sync::Mutex<()>,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self { last: Mutex::default(), reading: tokio::sync::Mutex::default() }
    }
}

impl<T> Cached<T> {
    async fn get(&self, clock: &dyn Clock, read: impl Future<Output = Result<T>>) -> Result<Arc<T>> {
        if let Some(seen) = self.fresh(clock) {
            return Ok(seen);
        }
        let _reading = self.reading.lock().await;
        if let Some(seen) = self.fresh(clock) {
            return Ok(seen);
        }
        let seen = Arc::new(read.await?);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((clock.monotonic(), seen.clone()));
        Ok(seen)
    }

    fn fresh(&self, clock: &dyn Clock) -> Option<Arc<T>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(read, _)| clock.monotonic().saturating_sub(*read) < FRESH).map(|(_, seen)| seen.clone())
    }

    fn seen(&self) -> Option<Arc<T>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(_, seen)| seen.clone())
    }
}

impl CatalogCache {
    async fn regions(&self, inner: &Inner) -> Result<Arc<Vec<RegionInfo>>> {
        let read = async {
            let (regions, zones) = try_join(inner.api.regions(), inner.api.zones()).await?;
            let of = |region: &wire::Region| {
                let here =
                    zones.iter().filter(|zone| convert::last(&zone.region) == region.name && zone.status != "DOWN");
                let zones = here.map(|zone| convert::zone(&zone.name)).collect::<Result<_>>()?;
                let name = Region::new(region.name.as_str()).map_err(|_| convert::nonsense("a region"))?;
                Ok(RegionInfo { name, description: region.description.clone(), zones })
            };
            regions.iter().map(of).collect()
        };
        self.regions.get(&*inner.clock, read).await
    }

    /// What is sold in a region.
    pub(crate) async fn region(&self, inner: &Inner, region: &Region) -> Result<Arc<RegionSold>> {
        let regions = self.regions(inner).await?;
        let Some(info) = regions.iter().find(|known| known.name == *region) else {
            let known: Vec<&str> = regions.iter().map(|known| known.name.as_str()).collect();
            return Err(Error::invalid("region", format!("must be one of {}, got {region}", known.join(", "))));
        };
        let cached = {
            let mut sold = self.sold.lock().unwrap_or_else(PoisonError::into_inner);
            sold.entry(region.clone()).or_default().clone()
        };
        let read = async {
            let zones: Vec<String> = info.zones.iter().map(ToString::to_string).collect();
            let types = try_join_all(zones.iter().map(|zone| inner.api.machine_types_in(zone)));
            let gpus = try_join_all(zones.iter().map(|zone| inner.api.accelerator_types_in(zone)));
            let (types, gpus) = try_join(types, gpus).await?;
            RegionSold::new(zones, &types, &gpus)
        };
        cached.get(&*inner.clock, read).await
    }

    pub(crate) async fn prices(&self, inner: &Inner) -> Result<Arc<PriceList>> {
        let read = async { Ok(PriceList::read(&inner.api.prices().await?)) };
        self.prices.get(&*inner.clock, read).await
    }

    /// All that can be ordered in a region and has a price.
    pub(crate) async fn offerings_of(&self, inner: &Inner, region: &Region) -> Result<Vec<Offering>> {
        let sold = self.region(inner, region).await?;
        let prices = self.prices(inner).await?;
        let mut offerings = Vec::new();
        for (zone, machine) in sold.machines() {
            for pricing in [Pricing::OnDemand, Pricing::Spot] {
                let Some(hourly) = prices.machine(region, machine, pricing) else { continue };
                offerings.push(Offering {
                    machine_type: machine.clone(),
                    region: region.clone(),
                    zone: Some(convert::zone(zone)?),
                    pricing,
                    hourly,
                    monthly_cap: None,
                    orderable: !machine.deprecated,
                });
            }
        }
        Ok(offerings)
    }

    /// The host with its price, where what it takes was read before.
    pub(crate) fn priced(&self, mut host: HostRuntime, instance: &wire::Instance) -> HostRuntime {
        let sold = self.sold.lock().unwrap_or_else(PoisonError::into_inner).get(&host.region).cloned();
        if let (Some(sold), Some(prices)) = (sold.and_then(|sold| sold.seen()), self.prices.seen())
            && let Ok(machine) = sold.machine(&host.machine_type)
        {
            host.hourly_price = prices.machine(&host.region, &machine, pricing_of(instance));
        }
        host
    }
}

#[async_trait]
impl Catalog for Gcp {
    async fn regions(&self) -> Result<Vec<RegionInfo>> {
        let regions = named("list_regions", self.0.catalog.regions(&self.0).await)?;
        Ok(regions.as_ref().clone())
    }

    async fn machine_types(&self) -> Result<Vec<MachineType>> {
        let list = async {
            let (types, gpus) = try_join(self.0.api.machine_types(), self.0.api.accelerator_types()).await?;
            sold::everywhere(types, gpus)
        };
        named("list_machine_types", list.await)
    }

    async fn images(&self) -> Result<Vec<ImageInfo>> {
        let list = async {
            let projects = ["ubuntu-os-cloud", "debian-cloud"].map(|project| self.0.api.images(project));
            let images = try_join_all(projects).await?.into_iter().flatten();
            let images = images.filter(|image| !convert::is_deprecated(image.deprecated.as_ref()));
            images.map(|image| convert::image(&image)).collect()
        };
        named("list_images", list.await)
    }

    async fn disk_classes(&self) -> Result<Vec<DiskClassInfo>> {
        let list = async {
            let (regions, prices) = try_join(self.0.catalog.regions(&self.0), self.0.catalog.prices(&self.0)).await?;
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
        named("list_disk_classes", list.await)
    }

    async fn offerings(&self, filter: &OfferingFilter) -> Result<Vec<Offering>> {
        let list = async {
            let regions = match &filter.region {
                Some(region) => vec![region.clone()],
                None => self.0.catalog.regions(&self.0).await?.iter().map(|region| region.name.clone()).collect(),
            };
            let mut offerings = Vec::new();
            for region in &regions {
                offerings.extend(self.0.catalog.offerings_of(&self.0, region).await?);
            }
            offerings.retain(|offering| filter.passes(offering));
            Ok(offerings)
        };
        named("list_offerings", list.await)
    }

    async fn estimate(&self, spec: &HostSpec) -> Result<Estimate> {
        let estimate = async {
            self.0.check(spec)?;
            let plan = self.0.plan(spec).await?;
            let bill = Bill::of(&self.0, &spec.region, spec.pricing).await?;
            let mut items = vec![bill.machine(&plan.machine_name()?)?];
            let disk_type = convert::disk_type(spec.boot_disk.class, &plan.machine);
            items.push(bill.disk(CostKind::BootDisk, disk_type, plan.boot_disk)?);
            if let Some(disk) = &spec.data_disk {
                let disk_type = convert::disk_type(disk.class, &plan.machine);
                items.push(bill.disk(CostKind::DataDisk, disk_type, disk.size)?);
            }
            if spec.public_network.ipv4 {
                items.extend(bill.address(self.0.reserves(spec)));
            }
            Estimate::counted(items, terms)
        };
        named("estimate", estimate.await)
    }

    async fn host_cost(&self, host: &HostRuntime) -> Result<Estimate> {
        let cost = async {
            let instance = self.0.reader.read_alone(&Place::read(host.id.as_str())?).await?;
            let bill = Bill::of(&self.0, &host.region, pricing_of(&instance)).await?;
            let mut items = vec![bill.machine(&host.machine_type)?];
            for attached in &instance.disks {
                let zone = convert::last(&instance.zone);
                let disk = self.0.api.get_disk(zone, convert::last(&attached.source)).await?;
                let kind = if attached.boot { CostKind::BootDisk } else { CostKind::DataDisk };
                items.push(bill.disk(kind, known_type(&disk.r#type)?, convert::gib(&disk.size_gb)?)?);
            }
            let is_reserved = instance.labels.contains_key(labels::ADDRESS);
            if is_reserved || host.addresses.public_v4.is_some() {
                items.extend(bill.address(is_reserved));
            }
            Estimate::counted(items, terms)
        };
        named("host_cost", cost.await)
    }

    async fn snapshot_cost(&self, snapshot: &Snapshot) -> Result<Estimate> {
        let cost = async {
            let prices = self.0.catalog.prices(&self.0).await?;
            let regions = self.0.catalog.regions(&self.0).await?;
            let size = snapshot.size.or(snapshot.disk_size).unwrap_or(GiB(0));
            let price = regions.iter().find_map(|region| prices.gib_month(&region.name, SNAPSHOT));
            let price = price.ok_or_else(|| unpriced(SNAPSHOT))?.times(size.0);
            let item = CostItem::new(CostKind::Snapshot, format!("snapshot ({size})"), Rate::Monthly { price });
            Estimate::counted(vec![item], terms)
        };
        named("snapshot_cost", cost.await)
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
    async fn of(inner: &Inner, region: &Region, pricing: Pricing) -> Result<Self> {
        let (sold, prices) = try_join(inner.catalog.region(inner, region), inner.catalog.prices(inner)).await?;
        Ok(Self { sold, prices, region: region.clone(), pricing })
    }

    fn machine(&self, name: &MachineTypeName) -> Result<CostItem> {
        let machine = self.sold.machine(name)?;
        let hourly =
            self.prices.machine(&self.region, &machine, self.pricing).ok_or_else(|| unpriced(name.as_str()))?;
        Ok(CostItem::new(CostKind::Machine, name.as_str(), Rate::hourly_price(hourly)).not_billed_when_stopped())
    }

    fn disk(&self, kind: CostKind, disk_type: &'static str, size: GiB) -> Result<CostItem> {
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

pub(crate) fn pricing_of(instance: &wire::Instance) -> Pricing {
    let model = instance.scheduling.as_ref().and_then(|scheduling| scheduling.provisioning_model.as_deref());
    if model == Some("SPOT") { Pricing::Spot } else { Pricing::OnDemand }
}

fn known_type(disk_type: &str) -> Result<&'static str> {
    let name = convert::last(disk_type);
    let known = ["pd-standard", "pd-balanced", "pd-ssd", "hyperdisk-balanced"];
    known.into_iter().find(|known| *known == name).ok_or_else(|| unpriced(name))
}

fn unpriced(what: &str) -> Error {
    let message = format!("the price list has no price for {} here", crate::error::one_line(what));
    Error::new(ErrorKind::Unexpected, message)
}

/// How old the catalog may be.
const FRESH: Duration = Duration::from_secs(600);
