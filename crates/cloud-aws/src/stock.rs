//! What was read of the catalog, a region at a time, when it was first needed, and how long it is taken for what it was.
//!
//! A region sells hundreds of machine types. Who names one is answered by filters, in one page; who looks for the cheapest
//! reads them all.

use std::sync::Arc;
use std::time::Duration;

use cloud_driver::{Account, Cached, Known, one_line, word};
use cloud_types::{
    Error, ErrorKind, HostRuntime, MachineTypeName, Money, Offering, Pricing, Region, RegionInfo, Result, Zone,
};
use futures::future::try_join;

use crate::client::Api;
use crate::convert::{self, PriceList, RegionSold, Seen, Sold, SpotPrices};

/// The catalog of all regions, as it was read last.
#[derive(Debug)]
pub(crate) struct Stock {
    account: Account,
    api: Api,
    regions: Known<Region, Arc<Shelf>>,
}

/// What was read of one region.
#[derive(Debug, Default)]
struct Shelf {
    info: Cached<RegionInfo>,
    sold: Cached<RegionSold>,
    /// Machine types that were asked for by name.
    named: Known<MachineTypeName, Arc<Cached<Option<Sold>>>>,
    /// The prices of all machines.
    machines: Cached<PriceList>,
    /// The prices of machines that were asked for by name.
    priced: Known<MachineTypeName, Arc<Cached<PriceList>>>,
    /// The prices of disks, snapshots and addresses.
    rest: Cached<PriceList>,
    spot: Cached<SpotPrices>,
}

impl Stock {
    pub(crate) fn new(account: &Account, api: &Api) -> Self {
        Self { account: account.clone(), api: api.clone(), regions: Known::default() }
    }

    fn of(&self, region: &Region) -> Arc<Shelf> {
        self.regions.get_or(region.clone(), Arc::default)
    }

    /// What was read of something at most so long ago, or is read now.
    async fn fresh<T>(
        &self,
        cached: &Cached<T>,
        age: Duration,
        read: impl Future<Output = Result<T>>,
    ) -> Result<Arc<T>> {
        cached.get(self.account.clock(), age, read).await
    }

    /// A region and its zones; `InvalidRequest` where the account has none of the name.
    pub(crate) async fn region(&self, region: &Region) -> Result<Arc<RegionInfo>> {
        self.api.check_region(region).await?;
        let read = async {
            let theirs = self.api.all_zones(region).await?;
            let description = convert::region_words(&theirs).unwrap_or_else(|| region.to_string());
            Ok(RegionInfo { name: region.clone(), description, zones: convert::zones(&theirs)? })
        };
        self.fresh(&self.of(region).info, STOCK, read).await
    }

    /// The zones of a region that a spec may be in: the one that it names, or all.
    pub(crate) async fn zones(&self, region: &Region, asked: Option<&Zone>) -> Result<Vec<Zone>> {
        let info = self.region(region).await?;
        match asked {
            Some(zone) if !info.zones.contains(zone) => {
                let known: Vec<&str> = info.zones.iter().map(Zone::as_str).collect();
                Err(Error::invalid("zone", format!("must be one of {}, got {zone}", known.join(", "))))
            }
            Some(zone) => Ok(vec![zone.clone()]),
            None => Ok(info.zones.clone()),
        }
    }

    async fn read_sold(&self, region: &Region, name: Option<&MachineTypeName>) -> Result<RegionSold> {
        let info = self.region(region).await?;
        let types = self.api.machine_types(region, name);
        let (types, offered) = try_join(types, self.api.offered(region, name)).await?;
        RegionSold::new(&types, &offered, &info)
    }

    /// All that a region sells.
    pub(crate) async fn sold(&self, region: &Region) -> Result<Arc<RegionSold>> {
        self.fresh(&self.of(region).sold, STOCK, self.read_sold(region, None)).await
    }

    /// One machine type that a region sells; `InvalidRequest` on field `machine` where it does not.
    pub(crate) async fn machine(&self, region: &Region, name: &MachineTypeName) -> Result<Sold> {
        let shelf = self.of(region);
        let unknown = || Error::invalid("machine", format!("there is no machine type {name} in this region"));
        if let Some(sold) = shelf.sold.fresh(self.account.clock(), STOCK) {
            return sold.find(name).cloned().ok_or_else(unknown);
        }
        let read = async { Ok(self.read_sold(region, Some(name)).await?.find(name).cloned()) };
        let named = shelf.named.get_or(name.clone(), Arc::default);
        self.fresh(&named, STOCK, read).await?.as_ref().clone().ok_or_else(unknown)
    }

    async fn spot(&self, region: &Region) -> Result<Arc<SpotPrices>> {
        let now = self.account.clock().now();
        let read = async { Ok(SpotPrices::new(region, &self.api.spot_prices(region, now).await?)) };
        self.fresh(&self.of(region).spot, SPOT, read).await
    }

    /// What disks, snapshots and addresses cost in a region.
    pub(crate) async fn rest(&self, region: &Region) -> Result<Arc<PriceList>> {
        let read = async { PriceList::read(region, &self.api.storage_products(region).await?) };
        self.fresh(&self.of(region).rest, PRICES, read).await
    }

    async fn read_machines(&self, region: &Region, name: Option<&MachineTypeName>) -> Result<PriceList> {
        PriceList::read(region, &self.api.machine_products(region, name).await?)
    }

    /// What an hour of a machine costs in a zone.
    pub(crate) async fn hourly(
        &self,
        region: &Region,
        zone: &str,
        name: &MachineTypeName,
        pricing: Pricing,
    ) -> Result<Money> {
        let shelf = self.of(region);
        let price = match (pricing, shelf.machines.fresh(self.account.clock(), PRICES)) {
            (Pricing::Spot, _) => self.spot(region).await?.of(zone, name),
            (_, Some(list)) => list.machine(name.as_str()),
            (_, None) => {
                let priced = shelf.priced.get_or(name.clone(), Arc::default);
                let list = self.fresh(&priced, PRICES, self.read_machines(region, Some(name))).await?;
                list.machine(name.as_str())
            }
        };
        price.ok_or_else(|| unpriced(name.as_str()))
    }

    /// All that can be ordered in a region, in each of its zones, and has a price.
    pub(crate) async fn offerings(&self, region: &Region, pricing: Option<Pricing>) -> Result<Vec<Offering>> {
        let sold = self.sold(region).await?;
        let shelf = self.of(region);
        let list = async {
            let read = self.read_machines(region, None);
            let wanted = pricing != Some(Pricing::Spot);
            if wanted { self.fresh(&shelf.machines, PRICES, read).await.map(Some) } else { Ok(None) }
        };
        let wanted = pricing != Some(Pricing::OnDemand);
        let spot = async { if wanted { self.spot(region).await.map(Some) } else { Ok(None) } };
        let (list, spot) = try_join(list, spot).await?;
        let mut offerings = Vec::new();
        for one in sold.all() {
            for zone in &one.zones {
                for pricing in &one.pricings {
                    let name = &one.machine.name;
                    let hourly = match pricing {
                        Pricing::Spot => spot.as_ref().and_then(|spot| spot.of(zone, name)),
                        _ => list.as_ref().and_then(|list| list.machine(name.as_str())),
                    };
                    let Some(hourly) = hourly else { continue };
                    offerings.push(Offering {
                        machine_type: one.machine.clone(),
                        region: region.clone(),
                        zone: Some(word(Zone::new(zone.as_str()))?),
                        pricing: *pricing,
                        hourly,
                        monthly_cap: None,
                        // Whether there is room right now AWS tells by trying alone.
                        orderable: true,
                    });
                }
            }
        }
        Ok(offerings)
    }

    /// The host with its price, where what it takes was read before.
    pub(crate) fn priced(&self, seen: &Seen) -> HostRuntime {
        let mut host = seen.host.clone();
        let Some(shelf) = self.regions.get(&host.region) else { return host };
        let name = &host.machine_type;
        host.hourly_price = match seen.pricing {
            Pricing::Spot => {
                let zone = host.zone.as_ref().map_or("", |zone| zone.as_str());
                shelf.spot.seen().and_then(|spot| spot.of(zone, name))
            }
            _ => {
                let of_all = shelf.machines.seen().and_then(|list| list.machine(name.as_str()));
                of_all.or_else(|| shelf.priced.get(name)?.seen()?.machine(name.as_str()))
            }
        };
        host
    }
}

/// The price list says nothing of this.
pub(crate) fn unpriced(what: &str) -> Error {
    let message = format!("the price list has no price for {} here", one_line(what));
    Error::new(ErrorKind::Unexpected, message)
}

/// How old what is sold where may be.
const STOCK: Duration = Duration::from_secs(600);
/// How old spot prices may be: they move within hours.
const SPOT: Duration = Duration::from_secs(300);
/// How old list prices may be: they change some times a year.
const PRICES: Duration = Duration::from_secs(6 * 3600);
