//! What was read of the catalog, a region at a time, when it was first needed, and how long it is taken for what it was.
//!
//! A region sells hundreds of machine types. Who names one is answered by filters, in one page; who looks for the cheapest
//! reads them all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_ec2::types::{Instance, InstanceTypeOffering};
use cloud_types::{HostRuntime, MachineTypeName, Money, Offering, Pricing, Region, RegionInfo, Result, Zone};
use futures::future::try_join;

use super::cached::Cached;
use super::sold::{self, RegionSold, Sold, SpotPrices};
use super::{pricing_of, unpriced};
use crate::convert;
use crate::host::Inner;
use crate::price::PriceList;

/// What was read, and when.
#[derive(Debug, Default)]
pub(crate) struct CatalogCache {
    regions: Mutex<HashMap<Region, Arc<RegionCache>>>,
}

/// What was read of one region.
#[derive(Debug, Default)]
struct RegionCache {
    info: Cached<RegionInfo>,
    sold: Cached<RegionSold>,
    /// Machine types that were asked for by name.
    named: Mutex<HashMap<MachineTypeName, Arc<Cached<Option<Sold>>>>>,
    /// The prices of all machines.
    machines: Cached<PriceList>,
    /// The prices of machines that were asked for by name.
    priced: Mutex<HashMap<MachineTypeName, Arc<Cached<PriceList>>>>,
    /// The prices of disks, snapshots and addresses.
    rest: Cached<PriceList>,
    spot: Cached<SpotPrices>,
}

impl CatalogCache {
    fn of(&self, region: &Region) -> Arc<RegionCache> {
        self.regions.lock().unwrap_or_else(PoisonError::into_inner).entry(region.clone()).or_default().clone()
    }

    /// A region and its zones; `InvalidRequest` where the account has none of the name.
    pub(crate) async fn region(&self, inner: &Inner, region: &Region) -> Result<Arc<RegionInfo>> {
        inner.api.check_region(region).await?;
        let read = async {
            let theirs = inner.api.all_zones(region).await?;
            let description = theirs.iter().find_map(convert::region_words);
            let mut zones =
                theirs.iter().filter_map(|zone| convert::zone(zone).transpose()).collect::<Result<Vec<_>>>()?;
            zones.sort_unstable();
            let description = description.unwrap_or_else(|| region.to_string());
            Ok(RegionInfo { name: region.clone(), description, zones })
        };
        self.of(region).info.get(&*inner.clock, STOCK, read).await
    }

    /// All that a region sells.
    pub(super) async fn sold(&self, inner: &Inner, region: &Region) -> Result<Arc<RegionSold>> {
        let info = self.region(inner, region).await?;
        let read = async {
            let types = inner.api.machine_types(region, None);
            let (types, offered) = try_join(types, inner.api.offered(region, None)).await?;
            RegionSold::new(&types, &within(offered, &info))
        };
        self.of(region).sold.get(&*inner.clock, STOCK, read).await
    }

    /// One machine type that a region sells; `InvalidRequest` on field `machine` where it does not.
    pub(crate) async fn machine(&self, inner: &Inner, region: &Region, name: &MachineTypeName) -> Result<Sold> {
        let info = self.region(inner, region).await?;
        let cache = self.of(region);
        let unknown = || sold::unknown(name);
        if let Some(sold) = cache.sold.fresh(&*inner.clock, STOCK) {
            return sold.find(name).cloned().ok_or_else(unknown);
        }
        let cached = entry(&cache.named, name);
        let read = async {
            let types = inner.api.machine_types(region, Some(name));
            let (types, offered) = try_join(types, inner.api.offered(region, Some(name))).await?;
            Ok(RegionSold::new(&types, &within(offered, &info))?.find(name).cloned())
        };
        let sold = cached.get(&*inner.clock, STOCK, read).await?;
        sold.as_ref().clone().ok_or_else(unknown)
    }

    async fn spot(&self, inner: &Inner, region: &Region) -> Result<Arc<SpotPrices>> {
        let read = async { Ok(SpotPrices::new(region, &inner.api.spot_prices(region, inner.clock.now()).await?)) };
        self.of(region).spot.get(&*inner.clock, SPOT, read).await
    }

    /// What disks, snapshots and addresses cost in a region.
    pub(super) async fn rest(&self, inner: &Inner, region: &Region) -> Result<Arc<PriceList>> {
        let read =
            async { PriceList::read(region, inner.api.storage_products(region).await?.iter().map(String::as_str)) };
        self.of(region).rest.get(&*inner.clock, PRICES, read).await
    }

    /// What an hour of a machine costs in a zone.
    pub(super) async fn hourly(
        &self,
        inner: &Inner,
        region: &Region,
        zone: &str,
        name: &MachineTypeName,
        pricing: Pricing,
    ) -> Result<Money> {
        let price = match pricing {
            Pricing::Spot => self.spot(inner, region).await?.of(zone, name),
            _ => {
                let cache = self.of(region);
                let list = match cache.machines.fresh(&*inner.clock, PRICES) {
                    Some(list) => list,
                    None => {
                        let read = async {
                            let products = inner.api.machine_products(region, Some(name)).await?;
                            PriceList::read(region, products.iter().map(String::as_str))
                        };
                        entry(&cache.priced, name).get(&*inner.clock, PRICES, read).await?
                    }
                };
                list.machine(name.as_str())
            }
        };
        price.ok_or_else(|| unpriced(name.as_str()))
    }

    /// All that can be ordered in a region, in each of its zones, and has a price.
    pub(crate) async fn offerings_of(
        &self,
        inner: &Inner,
        region: &Region,
        pricing: Option<Pricing>,
    ) -> Result<Vec<Offering>> {
        let sold = self.sold(inner, region).await?;
        let (on_demand, spot) = (pricing != Some(Pricing::Spot), pricing != Some(Pricing::OnDemand));
        let cache = self.of(region);
        let list = async {
            let read = async {
                PriceList::read(region, inner.api.machine_products(region, None).await?.iter().map(String::as_str))
            };
            if on_demand { cache.machines.get(&*inner.clock, PRICES, read).await.map(Some) } else { Ok(None) }
        };
        let spot = async { if spot { self.spot(inner, region).await.map(Some) } else { Ok(None) } };
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
                        zone: Some(convert::word(Zone::new(zone.as_str()))?),
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
    pub(crate) fn priced(&self, mut host: HostRuntime, instance: &Instance) -> HostRuntime {
        let cache = self.regions.lock().unwrap_or_else(PoisonError::into_inner).get(&host.region).cloned();
        let Some(cache) = cache else { return host };
        let name = &host.machine_type;
        host.hourly_price = match pricing_of(instance) {
            Pricing::Spot => {
                let zone = host.zone.as_ref().map_or("", |zone| zone.as_str());
                cache.spot.seen().and_then(|spot| spot.of(zone, name))
            }
            _ => {
                let of_all = cache.machines.seen().and_then(|list| list.machine(name.as_str()));
                let of_one = || cache.priced.lock().unwrap_or_else(PoisonError::into_inner).get(name)?.seen();
                of_all.or_else(|| of_one()?.machine(name.as_str()))
            }
        };
        host
    }
}

/// The offers in the region's own zones.
fn within(offered: Vec<InstanceTypeOffering>, info: &RegionInfo) -> Vec<InstanceTypeOffering> {
    let here = |location: &str| info.zones.iter().any(|zone| zone.as_str() == location);
    offered.into_iter().filter(|one| one.location().is_some_and(here)).collect()
}

fn entry<T>(map: &Mutex<HashMap<MachineTypeName, Arc<Cached<T>>>>, name: &MachineTypeName) -> Arc<Cached<T>> {
    map.lock().unwrap_or_else(PoisonError::into_inner).entry(name.clone()).or_default().clone()
}

/// How old what is sold where may be.
const STOCK: Duration = Duration::from_secs(600);
/// How old spot prices may be: they move within hours.
const SPOT: Duration = Duration::from_secs(300);
/// How old list prices may be: they change some times a year.
const PRICES: Duration = Duration::from_secs(6 * 3600);
