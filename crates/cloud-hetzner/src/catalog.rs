//! Server types, images and prices: read once, kept for ten minutes, shared by every call that needs them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use cloud_types::{
    Architecture, Catalog, CostItem, CostKind, Currency, DiskClass, DiskClassInfo, Error, ErrorKind, Estimate,
    HostRuntime, HostSpec, ImageInfo, MachineType, MachineTypeName, Offering, OfferingFilter, Pricing, Rate, Region,
    RegionInfo, Requirements, Result, Snapshot, Terms, ownership,
};

use crate::client::selector;
use crate::host::{Hetzner, Inner, named};
use crate::{convert, labels, wire};

/// What was read last, and when.
#[derive(Debug, Default)]
pub(crate) struct CatalogCache {
    last: Mutex<Option<(Duration, Arc<Sold>)>>,
    reading: tokio::sync::Mutex<()>,
}

/// All that Hetzner sells, in our words.
#[derive(Debug)]
pub(crate) struct Sold {
    regions: Vec<RegionInfo>,
    machine_types: Vec<MachineType>,
    offerings: Vec<Offering>,
    images: Vec<wire::Image>,
    currency: Currency,
    prices: wire::Pricing,
}

impl CatalogCache {
    /// The catalog, at most [`FRESH`] old; whoever finds it older reads it for all.
    pub(crate) async fn get(&self, inner: &Inner) -> Result<Arc<Sold>> {
        if let Some(sold) = self.fresh(inner) {
            return Ok(sold);
        }
        let _reading = self.reading.lock().await;
        if let Some(sold) = self.fresh(inner) {
            return Ok(sold);
        }
        let sold = Arc::new(Sold::read(inner).await?);
        *self.last() = Some((inner.clock.monotonic(), sold.clone()));
        Ok(sold)
    }

    /// The host with its price, where the catalog was read before.
    pub(crate) fn priced(&self, mut host: HostRuntime) -> HostRuntime {
        let sold = self.last().as_ref().map(|(_, sold)| sold.clone());
        let offering = sold.as_ref().and_then(|sold| sold.offering(&host.machine_type, &host.region));
        host.hourly_price = offering.map(|offering| offering.hourly);
        host
    }

    fn fresh(&self, inner: &Inner) -> Option<Arc<Sold>> {
        let now = inner.clock.monotonic();
        self.last().as_ref().filter(|(read, _)| now.saturating_sub(*read) < FRESH).map(|(_, sold)| sold.clone())
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<(Duration, Arc<Sold>)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sold {
    async fn read(inner: &Inner) -> Result<Self> {
        let types = inner.api.server_types().await?;
        let images = inner.api.system_images().await?;
        let prices = inner.api.pricing().await?;
        let regions = inner.api.locations().await?.into_iter().map(convert::region).collect::<Result<_>>()?;
        let currency = convert::currency(&prices.currency)?;
        let mut offerings = Vec::new();
        // A type in a word that this library does not know, such as a new architecture, is left out; the others serve on.
        let types: Vec<_> = types.into_iter().filter(|one| convert::machine_type(one).is_ok()).collect();
        for server_type in &types {
            for location in &server_type.locations {
                offerings.extend(offering(server_type, location, currency)?);
            }
        }
        let machine_types = types.iter().map(convert::machine_type).collect::<Result<Vec<_>>>()?;
        Ok(Self { regions, machine_types, offerings, images, currency, prices })
    }

    fn offering(&self, name: &MachineTypeName, region: &Region) -> Option<&Offering> {
        self.offerings.iter().find(|o| o.machine_type.name == *name && o.region == *region)
    }

    pub(crate) fn check_region(&self, region: &Region) -> Result<()> {
        if self.regions.iter().any(|known| known.name == *region) {
            return Ok(());
        }
        let known: Vec<&str> = self.regions.iter().map(|known| known.name.as_str()).collect();
        Err(Error::invalid("region", format!("must be one of {}, got {region}", known.join(", "))))
    }

    /// A machine type that is sold in a region.
    pub(crate) fn machine_type(&self, name: &MachineTypeName, region: &Region) -> Result<&MachineType> {
        match self.offering(name, region) {
            Some(offering) => Ok(&offering.machine_type),
            None if self.machine_types.iter().any(|known| known.name == *name) => {
                Err(Error::invalid("machine", format!("{name} is not sold in {region}")))
            }
            None => Err(Error::invalid("machine", format!("there is no machine type {name}"))),
        }
    }

    /// The cheapest machine type in a region that fits and can be ordered.
    pub(crate) fn cheapest(&self, region: &Region, required: &Requirements) -> Result<&MachineType> {
        let here: Vec<Offering> = self.offerings.iter().filter(|o| o.region == *region).cloned().collect();
        let name = Offering::cheapest(&here, required)?.machine_type.name.clone();
        self.machine_type(&name, region)
    }

    /// The id of a system image for the machine's architecture: the same name exists once for each.
    pub(crate) fn system_image(&self, name: &str, machine: &MachineType) -> Result<String> {
        let theirs = match machine.architecture {
            Architecture::Arm64 => "arm",
            _ => "x86",
        };
        let found =
            self.images.iter().find(|image| image.name.as_deref() == Some(name) && image.architecture == theirs);
        found.map(|image| image.id.to_string()).ok_or_else(|| {
            Error::invalid("image", format!("there is no image {name} for {:?} machines", machine.architecture))
        })
    }

    /// Whether a host can be moved from one machine type to another: same architecture, and a disk that is no smaller
    /// (<https://docs.hetzner.cloud/reference/cloud#server-actions-change-the-type-of-a-server>).
    pub(crate) fn check_resize(&self, from: &str, to: &MachineTypeName, region: &Region) -> Result<()> {
        let new = self.machine_type(to, region)?;
        let Some(old) = self.machine_types.iter().find(|known| known.name.as_str() == from) else { return Ok(()) };
        if old.architecture != new.architecture {
            return Err(Error::invalid("machine", format!("{to} has another architecture than {from}")));
        }
        Ok(())
    }

    fn machine_items(&self, name: &MachineTypeName, region: &Region, ipv4: bool) -> Result<Vec<CostItem>> {
        let offering = self.offering(name, region).ok_or_else(|| {
            Error::invalid("machine", format!("{name} is not sold in {region}, so its price is not known"))
        })?;
        let rate = Rate::Hourly { price: offering.hourly, cap: offering.monthly_cap };
        let mut items = vec![CostItem::new(CostKind::Machine, name.as_str(), rate)];
        if ipv4 {
            let kind = self.prices.primary_ips.iter().find(|prices| prices.r#type == "ipv4");
            let here = kind.and_then(|kind| kind.prices.iter().find(|price| price.location == region.as_str()));
            let price = here.ok_or_else(|| {
                Error::new(
                    ErrorKind::Unexpected,
                    format!("the price list names no price for an IPv4 address in {region}"),
                )
            })?;
            items.push(CostItem::new(CostKind::Address, "IPv4 address", convert::rate(price, self.currency)?));
        }
        Ok(items)
    }

    fn disk_item(&self, size: cloud_types::GiB, name: &str) -> Result<CostItem> {
        let price = convert::money(&self.prices.volume.price_per_gb_month, self.currency)?.times(size.0);
        Ok(CostItem::new(CostKind::DataDisk, format!("{name} ({size})"), Rate::Monthly { price }))
    }
}

/// Of everything, started hours: "always rounded up", "never exceed the monthly price cap"
/// (<https://docs.hetzner.com/cloud/billing/faq>).
fn terms(_: CostKind) -> Terms {
    Terms::HOUR
}

#[async_trait]
impl Catalog for Hetzner {
    async fn regions(&self) -> Result<Vec<RegionInfo>> {
        Ok(self.sold("list_regions").await?.regions.clone())
    }

    async fn machine_types(&self) -> Result<Vec<MachineType>> {
        Ok(self.sold("list_machine_types").await?.machine_types.clone())
    }

    async fn images(&self) -> Result<Vec<ImageInfo>> {
        let sold = self.sold("list_images").await?;
        Ok(sold.images.iter().filter_map(|image| convert::image(image).ok()).collect())
    }

    async fn disk_classes(&self) -> Result<Vec<DiskClassInfo>> {
        let sold = self.sold("list_disk_classes").await?;
        let gib_month =
            named("list_disk_classes", convert::money(&sold.prices.volume.price_per_gb_month, sold.currency))?;
        let terms = Some(terms(CostKind::DataDisk));
        Ok(vec![DiskClassInfo { class: DiskClass::Standard, name: "volume".to_owned(), gib_month, terms }])
    }

    async fn offerings(&self, filter: &OfferingFilter) -> Result<Vec<Offering>> {
        let sold = self.sold("list_offerings").await?;
        if let Some(region) = &filter.region {
            named("list_offerings", sold.check_region(region))?;
        }
        Ok(sold.offerings.iter().filter(|offering| filter.passes(offering)).cloned().collect())
    }

    async fn estimate(&self, spec: &HostSpec) -> Result<Estimate> {
        let estimate = async {
            self.0.check(spec)?;
            let plan = self.0.plan(spec).await?;
            let sold = self.0.catalog.get(&self.0).await?;
            let name = MachineTypeName::new(plan.machine_type)?;
            let mut items = sold.machine_items(&name, &spec.region, spec.public_network.ipv4)?;
            if let Some(disk) = &spec.data_disk {
                items.push(sold.disk_item(disk.size, "data disk")?);
            }
            Estimate::counted(items, terms)
        };
        named("estimate", estimate.await)
    }

    async fn host_cost(&self, host: &HostRuntime) -> Result<Estimate> {
        let cost = async {
            let sold = self.0.catalog.get(&self.0).await?;
            let ipv4 = host.addresses.public_v4.is_some();
            let mut items = sold.machine_items(&host.machine_type, &host.region, ipv4)?;
            if let Some(owner) = &host.owner {
                let disks = selector(&[
                    (ownership::OWNER, owner.as_str()),
                    (ownership::NAME, &host.name),
                    (labels::USE, labels::DATA_DISK),
                ]);
                for volume in self.0.api.all_volumes(&disks).await? {
                    items.push(sold.disk_item(convert::whole_gib(volume.size), "data disk")?);
                }
            }
            Estimate::counted(items, terms)
        };
        named("host_cost", cost.await)
    }

    async fn snapshot_cost(&self, snapshot: &Snapshot) -> Result<Estimate> {
        let sold = self.sold("snapshot_cost").await?;
        let size = snapshot.size.or(snapshot.disk_size).unwrap_or(cloud_types::GiB(0));
        let cost = convert::money(&sold.prices.image.price_per_gb_month, sold.currency).and_then(|price| {
            let rate = Rate::Monthly { price: price.times(size.0) };
            Estimate::counted(vec![CostItem::new(CostKind::Snapshot, format!("snapshot ({size})"), rate)], terms)
        });
        named("snapshot_cost", cost)
    }
}

impl Hetzner {
    async fn sold(&self, operation: &'static str) -> Result<Arc<Sold>> {
        named(operation, self.0.catalog.get(&self.0).await)
    }
}

/// A server type in a location; `None` where Hetzner names no price for it.
fn offering(
    server_type: &wire::ServerType,
    location: &wire::TypeLocation,
    currency: Currency,
) -> Result<Option<Offering>> {
    let Some(price) = server_type.prices.iter().find(|price| price.location == location.name) else { return Ok(None) };
    let mut machine_type = convert::machine_type(server_type)?;
    machine_type.deprecated = location.deprecation.is_some();
    Ok(Some(Offering {
        machine_type,
        region: convert::location(&location.name)?,
        zone: None,
        pricing: Pricing::OnDemand,
        hourly: convert::money(&price.price_hourly, currency)?,
        monthly_cap: Some(convert::money(&price.price_monthly, currency)?),
        orderable: location.available.unwrap_or(true),
    }))
}

/// How old the catalog may be. Stock changes within hours.
const FRESH: Duration = Duration::from_secs(600);
