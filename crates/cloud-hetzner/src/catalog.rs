//! Server types, images and prices: read once, kept for ten minutes, shared by every call that needs them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud_driver::{Account, Cached, labels};
use cloud_types::{
    Architecture, Catalog, CostItem, CostKind, DiskClass, DiskClassInfo, Error, ErrorKind, Estimate, GiB, HostRuntime,
    HostSpec, Image, ImageInfo, Machine, MachineType, MachineTypeName, Money, Offering, OfferingFilter, Rate, Region,
    RegionInfo, Result, Snapshot, Terms, ownership,
};

use crate::client::{Api, selector};
use crate::convert::{self, Shelf};
use crate::create::{Plan, check};
use crate::host::Hetzner;

/// The catalog, as it was read last.
#[derive(Debug)]
pub(crate) struct Store {
    account: Account,
    api: Api,
    shelf: Cached<Shelf>,
}

impl Store {
    pub(crate) fn new(account: &Account, api: &Api) -> Self {
        Self { account: account.clone(), api: api.clone(), shelf: Cached::default() }
    }

    /// The catalog, at most [`FRESH`] old; whoever finds it older reads it for all.
    pub(crate) async fn read(&self) -> Result<Arc<Shelf>> {
        let read = async {
            let (types, images) = (self.api.server_types().await?, self.api.system_images().await?);
            convert::shelf(&types, &images, &self.api.pricing().await?, self.api.locations().await?)
        };
        self.shelf.get(self.account.clock(), FRESH, read).await
    }

    /// The host with its price, where the catalog was read before.
    pub(crate) fn priced(&self, host: HostRuntime) -> HostRuntime {
        match self.shelf.seen() {
            Some(shelf) => shelf.sold.priced(host),
            None => host,
        }
    }
}

impl Shelf {
    /// Resolves machine and image.
    pub(crate) fn plan(&self, spec: &HostSpec) -> Result<Plan> {
        self.sold.check_region(&spec.region)?;
        let machine = match &spec.machine {
            Machine::Named(name) => self.sold.machine_type(name, &spec.region)?,
            Machine::AtLeast(required) => self.sold.cheapest(&spec.region, required)?,
            _ => return Err(Error::unsupported("this provider does not know that way to choose a machine")),
        };
        let image = match &spec.image {
            Image::Ubuntu(version) => self.system_image(&format!("ubuntu-{version}"), machine)?,
            Image::Debian(version) => self.system_image(&format!("debian-{version}"), machine)?,
            Image::Snapshot(id) => id.to_string(),
            Image::Id(id) if convert::number(id).is_ok() => id.clone(),
            Image::Id(name) => self.system_image(name, machine)?,
            _ => return Err(Error::unsupported("this provider does not know that kind of image")),
        };
        Ok(Plan { machine_type: machine.name.to_string(), image, regions: [spec.region.clone()] })
    }

    /// The number of a system image for the machine's architecture.
    fn system_image(&self, name: &str, machine: &MachineType) -> Result<String> {
        let fits = |image: &ImageInfo| image.id == name && image.architecture == machine.architecture;
        let found = self.images.iter().find(|(_, image)| fits(image)).map(|(number, _)| number.to_string());
        let architecture = machine.architecture;
        found.ok_or_else(|| Error::invalid("image", format!("there is no image {name} for {architecture:?} machines")))
    }

    /// Whether a host can be moved from one machine type to another: the architecture stays
    /// (<https://docs.hetzner.cloud/reference/cloud#server-actions-change-the-type-of-a-server>).
    pub(crate) fn check_resize(&self, from: &MachineTypeName, to: &MachineTypeName, region: &Region) -> Result<()> {
        let new: Architecture = self.sold.machine_type(to, region)?.architecture;
        match self.sold.machine_types.iter().find(|known| known.name == *from) {
            Some(old) if old.architecture != new => {
                Err(Error::invalid("machine", format!("{to} has another architecture than {from}")))
            }
            _ => Ok(()),
        }
    }

    fn machine_items(&self, name: &MachineTypeName, region: &Region, ipv4: bool) -> Result<Vec<CostItem>> {
        let offering = self.sold.offering(name, region).ok_or_else(|| {
            Error::invalid("machine", format!("{name} is not sold in {region}, so its price is not known"))
        })?;
        let rate = Rate::Hourly { price: offering.hourly, cap: offering.monthly_cap };
        let mut items = vec![CostItem::new(CostKind::Machine, name.as_str(), rate)];
        if ipv4 {
            let rate = self.ipv4.iter().find(|(place, _)| place == region).map(|(_, rate)| rate.clone());
            let rate = rate.unwrap_or_else(|| {
                let message = format!("the price list names no price for an IPv4 address in {region}");
                Err(Error::new(ErrorKind::Unexpected, message))
            });
            items.push(CostItem::new(CostKind::Address, "IPv4 address", rate?));
        }
        Ok(items)
    }

    fn disk_item(&self, size: GiB, name: &str) -> Result<CostItem> {
        let rate = Rate::Monthly { price: self.volume.clone()?.times(size.0) };
        Ok(CostItem::new(CostKind::DataDisk, format!("{name} ({size})"), rate))
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

/// How old the catalog may be. Stock changes within hours.
const FRESH: Duration = Duration::from_secs(600);
