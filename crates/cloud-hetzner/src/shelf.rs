//! What Hetzner sells, read once and kept for ten minutes, and what a spec finds on it.

use std::sync::Arc;
use std::time::Duration;

use cloud_driver::{Account, Cached};
use cloud_types::{
    Architecture, CostItem, CostKind, DiskClass, Error, ErrorKind, GiB, HostRuntime, HostSpec, Image, ImageInfo,
    Inbound, Machine, MachineType, MachineTypeName, PublicNetwork, Rate, Region, Result,
};

use crate::client::Api;
use crate::convert::{self, Plan, Shelf};

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

    pub(crate) fn machine_items(&self, name: &MachineTypeName, region: &Region, ipv4: bool) -> Result<Vec<CostItem>> {
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

    pub(crate) fn disk_item(&self, size: GiB, name: &str) -> Result<CostItem> {
        let rate = Rate::Monthly { price: self.volume.clone()?.times(size.0) };
        Ok(CostItem::new(CostKind::DataDisk, format!("{name} ({size})"), rate))
    }
}

/// What is known to be wrong before any call.
pub(crate) fn check(account: &Account, spec: &HostSpec) -> Result<()> {
    account.capabilities().check(spec)?;
    if spec.public_network == PublicNetwork::NONE {
        let rule = "must hold an IPv4 or an IPv6 address: without either it needs a private network";
        return Err(Error::invalid("public_network", rule));
    }
    if spec.boot_disk.class != DiskClass::Standard {
        return Err(Error::invalid("boot_disk", "must be of the standard class: there is one kind of disk here"));
    }
    if spec.data_disk.is_some_and(|disk| disk.class != DiskClass::Standard) {
        return Err(Error::invalid("data_disk", "must be of the standard class: there is one kind of volume here"));
    }
    if let Inbound::Only(ports) = &spec.inbound
        && ports.len() > MAX_RULES
    {
        return Err(Error::invalid("inbound", format!("must be at most {MAX_RULES} ports or ranges")));
    }
    if let Image::Snapshot(id) = &spec.image
        && convert::number(id.as_str()).is_err()
    {
        return Err(Error::invalid("image", format!("there is no snapshot {id}: an id here is a number")));
    }
    Ok(())
}

/// The most rules of one firewall (<https://docs.hetzner.com/cloud/firewalls/faq>).
const MAX_RULES: usize = 50;
/// How old the catalog may be. Stock changes within hours.
const FRESH: Duration = Duration::from_secs(600);
