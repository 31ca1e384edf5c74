//! What one region sells: machine types, and in which of its zones each is had.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{InstanceTypeInfo, InstanceTypeOffering, SpotPrice};
use cloud_types::{MachineType, MachineTypeName, Money, Pricing, Region, RegionInfo, Result};

use super::catalog::{machine_type, pricings};
use super::price::money_of;

/// A machine type, how it is sold, and where.
#[derive(Debug, Clone)]
pub(crate) struct Sold {
    pub(crate) machine: MachineType,
    pub(crate) pricings: Vec<Pricing>,
    /// In the order of their names.
    pub(crate) zones: BTreeSet<String>,
}

/// All that a region sells, by machine type.
#[derive(Debug, Default)]
pub(crate) struct RegionSold(BTreeMap<MachineTypeName, Sold>);

impl RegionSold {
    /// The machine types, and the offers of them in the region's own zones.
    pub(crate) fn new(types: &[InstanceTypeInfo], offered: &[InstanceTypeOffering], of: &RegionInfo) -> Result<Self> {
        let mut zones: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for one in offered {
            let (Some(name), Some(zone)) = (one.instance_type(), one.location()) else { continue };
            if of.zones.iter().any(|known| known.as_str() == zone) {
                zones.entry(name.as_str()).or_default().insert(zone.to_owned());
            }
        }
        let mut all = BTreeMap::new();
        for theirs in types {
            let Some(machine) = machine_type(theirs)? else { continue };
            let zones = zones.remove(machine.name.as_str()).unwrap_or_default();
            all.insert(machine.name.clone(), Sold { machine, pricings: pricings(theirs), zones });
        }
        Ok(Self(all))
    }

    pub(crate) fn find(&self, name: &MachineTypeName) -> Option<&Sold> {
        self.0.get(name)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Sold> {
        self.0.values()
    }
}

/// What machines cost as spot hosts now, by zone and machine type.
#[derive(Debug, Default)]
pub(crate) struct SpotPrices(BTreeMap<(String, String), Money>);

impl SpotPrices {
    /// From a history, which has the newest price first or last: the one with the latest time holds.
    pub(crate) fn new(region: &Region, history: &[SpotPrice]) -> Self {
        let mut newest = BTreeMap::new();
        for one in history {
            let (Some(zone), Some(name)) = (one.availability_zone(), one.instance_type()) else { continue };
            let Some(price) = one.spot_price().and_then(|price| money_of(region, price)) else { continue };
            let at = one.timestamp().map(|time| (time.secs(), time.subsec_nanos()));
            let entry = newest.entry((zone.to_owned(), name.as_str().to_owned())).or_insert((at, price));
            if at > entry.0 {
                *entry = (at, price);
            }
        }
        Self(newest.into_iter().map(|(key, (_, price))| (key, price)).collect())
    }

    pub(crate) fn of(&self, zone: &str, machine: &MachineTypeName) -> Option<Money> {
        self.0.get(&(zone.to_owned(), machine.to_string())).copied()
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{ArchitectureType, InstanceType, MemoryInfo, ProcessorInfo, UsageClassType, VCpuInfo};
    use aws_smithy_types::DateTime;

    use super::*;

    fn region() -> RegionInfo {
        let zones = ["r-1a", "r-1b"].map(|zone| cloud_types::Zone::new(zone).unwrap()).into();
        RegionInfo { name: Region::new("r-1").unwrap(), description: String::new(), zones }
    }

    fn name(text: &str) -> MachineTypeName {
        MachineTypeName::new(text).unwrap()
    }

    fn theirs(text: &str) -> InstanceTypeInfo {
        InstanceTypeInfo::builder()
            .instance_type(InstanceType::from(text))
            .supported_usage_classes(UsageClassType::OnDemand)
            .supported_usage_classes(UsageClassType::CapacityBlock)
            .v_cpu_info(VCpuInfo::builder().default_v_cpus(2).build())
            .memory_info(MemoryInfo::builder().size_in_mib(1024).build())
            .processor_info(ProcessorInfo::builder().supported_architectures(ArchitectureType::X8664).build())
            .build()
    }

    fn offered(text: &str, zone: &str) -> InstanceTypeOffering {
        InstanceTypeOffering::builder().instance_type(InstanceType::from(text)).location(zone).build()
    }

    #[test]
    fn a_machine_is_had_where_it_is_offered() {
        let offers = [offered("t3.micro", "r-1b"), offered("t3.micro", "r-1a"), offered("p5.48xlarge", "r-1a")];
        let sold = RegionSold::new(&[theirs("t3.micro"), theirs("m7i.large")], &offers, &region()).unwrap();
        let micro = sold.find(&name("t3.micro")).unwrap();
        assert_eq!(micro.zones.iter().collect::<Vec<_>>(), ["r-1a", "r-1b"]);
        assert_eq!(micro.pricings, [Pricing::OnDemand], "what is reserved is no way to pay that we know");
        assert!(sold.find(&name("m7i.large")).unwrap().zones.is_empty());
        assert!(sold.find(&name("p5.48xlarge")).is_none(), "an offer of what is not described is left out");
    }

    #[test]
    fn of_two_spot_prices_the_later_one_holds() {
        let price = |text: &str, at: i64| {
            SpotPrice::builder()
                .availability_zone("r-1a")
                .instance_type(InstanceType::T3Micro)
                .spot_price(text)
                .timestamp(DateTime::from_secs(at))
                .build()
        };
        for history in [[price("0.0031", 1), price("0.0034", 2)], [price("0.0034", 2), price("0.0031", 1)]] {
            let prices = SpotPrices::new(&Region::new("eu-west-1").unwrap(), &history);
            assert_eq!(prices.of("r-1a", &name("t3.micro")).unwrap().to_string(), "0.0034 USD");
            assert_eq!(prices.of("r-1b", &name("t3.micro")), None);
        }
    }
}
