//! What Google sells, as it was read last: regions, machine types a region at a time, and prices.

use std::sync::Arc;
use std::time::Duration;

use cloud_driver::{Account, Cached, Known, Sold};
use cloud_types::{HostRuntime, Offering, Pricing, Region, RegionInfo, Result};
use futures::future::{try_join, try_join_all};

use crate::client::Api;
use crate::convert::{self, PriceList, RegionSold};

/// What was read, kept for [`FRESH`].
#[derive(Debug)]
pub(crate) struct Shelf {
    account: Account,
    api: Api,
    /// The regions alone.
    regions: Cached<Sold>,
    sold: Known<Region, Arc<Cached<RegionSold>>>,
    prices: Cached<PriceList>,
}

impl Shelf {
    pub(crate) fn new(account: &Account, api: &Api) -> Self {
        let (regions, sold, prices) = (Cached::default(), Known::default(), Cached::default());
        Self { account: account.clone(), api: api.clone(), regions, sold, prices }
    }

    /// The regions.
    pub(crate) async fn regions(&self) -> Result<Vec<RegionInfo>> {
        Ok(self.read_regions().await?.regions.clone())
    }

    async fn read_regions(&self) -> Result<Arc<Sold>> {
        let read = async {
            let (regions, zones) = try_join(self.api.regions(), self.api.zones()).await?;
            Ok(Sold { regions: convert::regions(&regions, &zones)?, ..Sold::default() })
        };
        self.regions.get(self.account.clock(), FRESH, read).await
    }

    /// What is sold in a region.
    pub(crate) async fn region(&self, region: &Region) -> Result<Arc<RegionSold>> {
        let all = self.read_regions().await?;
        all.check_region(region)?;
        let cached = self.sold.get_or(region.clone(), Arc::default);
        let read = async {
            let here = all.regions.iter().filter(|known| known.name == *region);
            let zones: Vec<String> = here.flat_map(|known| &known.zones).map(ToString::to_string).collect();
            let types = try_join_all(zones.iter().map(|zone| self.api.machine_types_in(zone)));
            let gpus = try_join_all(zones.iter().map(|zone| self.api.accelerator_types_in(zone)));
            let (types, gpus) = try_join(types, gpus).await?;
            RegionSold::new(zones, &types, &gpus)
        };
        cached.get(self.account.clock(), FRESH, read).await
    }

    pub(crate) async fn prices(&self) -> Result<Arc<PriceList>> {
        let read = async { Ok(PriceList::read(&self.api.prices().await?)) };
        self.prices.get(self.account.clock(), FRESH, read).await
    }

    /// All that can be ordered in a region and has a price.
    pub(crate) async fn offerings(&self, region: &Region) -> Result<Vec<Offering>> {
        let sold = self.region(region).await?;
        let prices = self.prices().await?;
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
    pub(crate) fn priced(&self, mut host: HostRuntime, pricing: Pricing) -> HostRuntime {
        let sold = self.sold.get(&host.region).and_then(|sold| sold.seen());
        if let (Some(sold), Some(prices)) = (sold, self.prices.seen())
            && let Ok(machine) = sold.machine(&host.machine_type)
        {
            host.hourly_price = prices.machine(&host.region, &machine, pricing);
        }
        host
    }
}

/// How old it may be.
const FRESH: Duration = Duration::from_secs(600);
