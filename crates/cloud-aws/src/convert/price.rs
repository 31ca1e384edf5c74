//! The price list of one region, sorted by what a host is billed for.
//!
//! What a product is of stands in its attributes. The list's own filters leave little else, but each attribute is looked
//! at again: a machine is listed dozens of times, by system, tenancy and reservation, at other prices.

use std::collections::HashMap;

use cloud_driver::nonsense;
use cloud_types::{Currency, Money, Rate, Region, Result};
use rust_decimal::Decimal;

use crate::disk::DiskKind;
use crate::wire::{Attributes, Dimension, PricedProduct};

/// Prices of one region, in its currency. What the list does not say is not known; nothing is taken for free.
#[derive(Debug)]
pub(crate) struct PriceList {
    currency: Currency,
    /// What an hour of a machine costs on demand, by machine type.
    machines: HashMap<String, Decimal>,
    /// What a GiB costs a month, by volume type.
    gib_months: HashMap<String, Decimal>,
    /// What an operation a second costs a month beyond what a volume has by itself, by volume type.
    iops_months: HashMap<String, Decimal>,
    /// What a MiB a second costs a month beyond what a volume has by itself, by volume type.
    throughput_months: HashMap<String, Decimal>,
    snapshot_gib_month: Option<Decimal>,
    address: Option<Decimal>,
}

impl PriceList {
    /// Reads the products of a region, each a text of JSON.
    pub(crate) fn read(region: &Region, products: &[impl AsRef<str>]) -> Result<Self> {
        let mut list = Self {
            currency: currency(region),
            machines: HashMap::new(),
            gib_months: HashMap::new(),
            iops_months: HashMap::new(),
            throughput_months: HashMap::new(),
            snapshot_gib_month: None,
            address: None,
        };
        for text in products {
            let product = serde_json::from_str(text.as_ref()).map_err(|_| nonsense("a product of the price list"))?;
            list.add(&product);
        }
        Ok(list)
    }

    fn add(&mut self, product: &PricedProduct) {
        let what = &product.product.attributes;
        let usage = usage(what);
        let currency = self.currency;
        let price = |unit| price(product, unit, currency);
        let (hourly, monthly) = (|| price("Hrs"), || price("GB-Mo"));
        match product.product.product_family.as_str() {
            "Compute Instance" | "Compute Instance (bare metal)" if is_plain(what) => {
                keep(&mut self.machines, &what.instance_type, hourly());
            }
            "Storage" => keep(&mut self.gib_months, &what.volume_api_name, monthly()),
            "Storage Snapshot" if usage == SNAPSHOT => self.snapshot_gib_month = monthly().or(self.snapshot_gib_month),
            "System Operation" if usage.starts_with(IOPS) => {
                let volume_type = &usage[IOPS.len()..];
                let volume_type = if volume_type == "piops" { "io1" } else { volume_type };
                keep(&mut self.iops_months, volume_type, price("IOPS-Mo"));
            }
            "Provisioned Throughput" if usage.starts_with(THROUGHPUT) => {
                // Sold by the GiB, asked for by the MiB.
                let mib = price("GiBps-mo").and_then(|gib| gib.checked_div(Decimal::from(1024)));
                keep(&mut self.throughput_months, &usage[THROUGHPUT.len()..], mib);
            }
            _ if usage == ADDRESS => self.address = hourly().or(self.address),
            _ => {}
        }
    }

    /// What an hour of a running machine costs on demand, without disks and addresses.
    pub(crate) fn machine(&self, name: &str) -> Option<Money> {
        self.machines.get(name).copied().map(|amount| self.money(amount))
    }

    /// What a GiB of a volume type costs a month.
    pub(crate) fn gib_month(&self, volume_type: &str) -> Option<Money> {
        self.gib_months.get(volume_type).copied().map(|amount| self.money(amount))
    }

    /// What a disk costs, with the speed that is billed beside its size.
    pub(crate) fn disk(&self, kind: &DiskKind, gib: u32) -> Option<Rate> {
        let of = |prices: &HashMap<String, Decimal>, count: u32| match count {
            0 => Some(Decimal::ZERO),
            count => prices.get(kind.name.as_str())?.checked_mul(Decimal::from(count)),
        };
        let size = of(&self.gib_months, gib)?;
        let speed = of(&self.iops_months, kind.billed_iops())?
            .checked_add(of(&self.throughput_months, kind.billed_throughput())?)?;
        Some(Rate::Monthly { price: self.money(size.checked_add(speed)?) })
    }

    /// What a GiB of snapshots costs a month.
    pub(crate) fn snapshot_gib_month(&self) -> Option<Money> {
        self.snapshot_gib_month.map(|amount| self.money(amount))
    }

    /// What an hour of a public IPv4 address in use costs.
    pub(crate) fn address(&self) -> Option<Money> {
        self.address.map(|amount| self.money(amount))
    }

    fn money(&self, amount: Decimal) -> Money {
        Money::new(amount.normalize(), self.currency)
    }
}

/// A decimal of AWS's text as an amount of a region's currency; none where it is no number, or nothing.
pub(crate) fn money_of(region: &Region, text: &str) -> Option<Money> {
    decimal(text).map(|amount| Money::new(amount.normalize(), currency(region)))
}

/// What a region's prices are in: the renminbi in China, the US dollar elsewhere.
fn currency(region: &Region) -> Currency {
    let renminbi = || "CNY".parse().unwrap_or(Currency::USD);
    if region.as_str().starts_with("cn-") { renminbi() } else { Currency::USD }
}

/// Linux without a licence, not reserved, on machines that are shared.
fn is_plain(what: &Attributes) -> bool {
    let is = |attribute: &str, word: &str| attribute.is_empty() || attribute == word;
    what.operating_system == "Linux"
        && what.tenancy == "Shared"
        && is(&what.capacity_status, "Used")
        && is(&what.pre_installed_sw, "NA")
        && is(&what.operation, "RunInstances")
        && is(&what.market_option, "OnDemand")
}

/// What is used, without the region's short name before it: `EBS:SnapshotUsage` of `EUW1-EBS:SnapshotUsage`.
fn usage(what: &Attributes) -> &str {
    let text = what.usage_type.as_str();
    let short = |short: &str| !short.is_empty() && short.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    match text.split_once('-') {
        Some((region, rest)) if short(region) => rest,
        _ => text,
    }
}

/// The price of the first tier that costs something: some tiers are free, and later ones cheaper.
fn price(product: &PricedProduct, unit: &str, currency: Currency) -> Option<Decimal> {
    let tiers = product.terms.on_demand.values().flat_map(|term| term.price_dimensions.values());
    let tiers = tiers.filter(|tier| tier.unit.eq_ignore_ascii_case(unit));
    let priced = tiers.filter_map(|tier| Some((begin(tier)?, decimal(tier.price_per_unit.get(currency.as_str())?)?)));
    priced.min_by_key(|(begin, _)| *begin).map(|(_, price)| price)
}

fn begin(tier: &Dimension) -> Option<Decimal> {
    if tier.begin_range.is_empty() { Some(Decimal::ZERO) } else { Decimal::from_str_exact(&tier.begin_range).ok() }
}

/// Exact. Nothing that a host is billed for is free: a zero stands where there is no price.
fn decimal(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text).ok().filter(|amount| *amount > Decimal::ZERO)
}

fn keep(prices: &mut HashMap<String, Decimal>, name: &str, price: Option<Decimal>) {
    if let Some(price) = price.filter(|_| !name.is_empty()) {
        prices.insert(name.to_owned(), price);
    }
}

const SNAPSHOT: &str = "EBS:SnapshotUsage";
const IOPS: &str = "EBS:VolumeP-IOPS.";
const THROUGHPUT: &str = "EBS:VolumeP-Throughput.";
const ADDRESS: &str = "PublicIPv4:InUseAddress";

#[cfg(test)]
mod tests {
    use cloud_types::DiskClass;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::disk::DiskUse;

    fn product(family: &str, attributes: &Value, unit: &str, tiers: &[(&str, &str)]) -> String {
        let tier = |(begin, price): &(&str, &str)| {
            let rate = format!("26EZN83WFYW935BY.JRTCKXETXF.{begin}");
            let dimension = json!({"unit": unit, "beginRange": begin, "endRange": "Inf", "description": "…",
                "appliesTo": [], "rateCode": rate, "pricePerUnit": {"USD": price}});
            (rate, dimension)
        };
        let dimensions: serde_json::Map<String, Value> = tiers.iter().map(tier).collect();
        json!({
            "product": {"productFamily": family, "sku": "26EZN83WFYW935BY", "attributes": attributes},
            "serviceCode": "AmazonEC2",
            "terms": {"OnDemand": {"26EZN83WFYW935BY.JRTCKXETXF": {"priceDimensions": dimensions,
                "sku": "26EZN83WFYW935BY", "effectiveDate": "2026-11-01T00:00:00Z",
                "offerTermCode": "JRTCKXETXF", "termAttributes": {}}},
                "Reserved": {"x": {"priceDimensions": {"y": {"unit": "Hrs", "pricePerUnit": {"USD": "0.0010000000"}}}}}},
            "version": "20261101000000", "publicationDate": "2026-11-01T00:00:00Z",
        })
        .to_string()
    }

    fn machine(over: &[(&str, &str)], price: &str) -> String {
        let mut attributes = json!({
            "instanceType": "t3.micro", "regionCode": "eu-west-1", "operatingSystem": "Linux", "preInstalledSw": "NA",
            "tenancy": "Shared", "capacitystatus": "Used", "marketoption": "OnDemand", "operation": "RunInstances",
            "vcpu": "2", "memory": "1 GiB", "usagetype": "EUW1-BoxUsage:t3.micro",
        });
        for (key, value) in over {
            attributes[*key] = json!(value);
        }
        product("Compute Instance", &attributes, "Hrs", &[("0", price)])
    }

    fn disk(family: &str, api_name: &str, usage: &str, unit: &str, price: &str) -> String {
        product(family, &json!({"volumeApiName": api_name, "usagetype": usage}), unit, &[("0", price)])
    }

    fn region() -> Region {
        Region::new("eu-west-1").unwrap()
    }

    fn sample() -> PriceList {
        let products = [
            machine(&[], "0.0114000000"),
            machine(&[("instanceType", "m7i.large"), ("operatingSystem", "Windows")], "0.2000000000"),
            machine(&[("tenancy", "Dedicated")], "0.0125000000"),
            machine(&[("capacitystatus", "UnusedCapacityReservation")], "0.0113000000"),
            machine(
                &[("instanceType", "m7i.large"), ("capacitystatus", "AllocatedCapacityReservation")],
                "0.0000000000",
            ),
            machine(&[("instanceType", "m7g.large")], "0.0000000000"),
            disk("Storage", "gp3", "EU-EBS:VolumeUsage.gp3", "GB-Mo", "0.0880000000"),
            disk("System Operation", "gp3", "EU-EBS:VolumeP-IOPS.gp3", "IOPS-Mo", "0.0055000000"),
            disk("Provisioned Throughput", "gp3", "EU-EBS:VolumeP-Throughput.gp3", "GiBps-mo", "45.0560000000"),
            disk("Storage Snapshot", "", "EU-EBS:SnapshotUsage", "GB-Mo", "0.0500000000"),
            disk("Storage Snapshot", "", "EU-EBS:SnapshotArchiveStorage", "GB-Mo", "0.0125000000"),
        ];
        PriceList::read(&region(), &products).unwrap()
    }

    #[test]
    fn a_machine_costs_what_plain_linux_on_demand_costs() {
        let list = sample();
        assert_eq!(list.machine("t3.micro").unwrap().to_string(), "0.0114 USD");
        assert_eq!(list.machine("m7i.large"), None, "only Windows and a reservation are listed");
    }

    #[test]
    fn a_price_of_zero_is_no_price() {
        assert_eq!(sample().machine("m7g.large"), None);
        assert_eq!(money_of(&region(), "0.0000"), None);
        assert_eq!(money_of(&region(), "0.0104000000").unwrap().to_string(), "0.0104 USD");
    }

    #[test]
    fn prices_of_china_are_in_its_own_currency() {
        let china = Region::new("cn-north-1").unwrap();
        let product = machine(&[("regionCode", "cn-north-1")], "0.0670000000").replace("\"USD\"", "\"CNY\"");
        let list = PriceList::read(&china, &[product]).unwrap();
        assert_eq!(list.machine("t3.micro").unwrap().to_string(), "0.067 CNY");
        assert_eq!(money_of(&china, "0.02").unwrap().to_string(), "0.02 CNY");
    }

    #[test]
    fn a_disk_costs_its_size_and_the_speed_it_was_given() {
        let list = sample();
        let month = |class| list.disk(&DiskKind::of(class, DiskUse::Data, cloud_types::GiB(100)), 100);
        assert_eq!(month(DiskClass::Standard).unwrap().monthly().to_string(), "8.8 USD");
        // 13,000 operations and 875 MiB a second more than each gp3 volume has.
        assert_eq!(month(DiskClass::Performance).unwrap().monthly().to_string(), "118.8 USD");
        assert_eq!(list.disk(&DiskKind::of(DiskClass::Capacity, DiskUse::Data, cloud_types::GiB(500)), 500), None);
    }

    #[test]
    fn a_snapshot_is_not_an_archived_one() {
        assert_eq!(sample().snapshot_gib_month().unwrap().to_string(), "0.05 USD");
    }

    #[test]
    fn an_address_costs_what_it_costs_after_what_is_free() {
        let attributes = json!({"group": "VPCPublicIPv4Address", "usagetype": "EUW1-PublicIPv4:InUseAddress"});
        let tiers = [("750", "0.0050000000"), ("0", "0.0000000000")];
        let idle = json!({"group": "VPCPublicIPv4Address", "usagetype": "EUW1-PublicIPv4:IdleAddress"});
        let products =
            [product("VPC", &attributes, "Hrs", &tiers), product("VPC", &idle, "Hrs", &[("0", "0.0060000000")])];
        let list = PriceList::read(&region(), &products).unwrap();
        assert_eq!(list.address().unwrap().to_string(), "0.005 USD");
        assert_eq!(sample().address(), None);
    }

    #[test]
    fn usage_is_read_without_the_region() {
        let of = |text: &str| usage(&Attributes { usage_type: text.to_owned(), ..Attributes::default() }).to_owned();
        assert_eq!(of("EBS:SnapshotUsage"), "EBS:SnapshotUsage");
        assert_eq!(of("APS3-EBS:VolumeP-IOPS.gp3"), "EBS:VolumeP-IOPS.gp3");
        assert_eq!(of("EBS:VolumeP-IOPS.gp3"), "EBS:VolumeP-IOPS.gp3");
    }

    #[test]
    fn a_product_that_is_no_json_is_an_error_and_not_a_gap() {
        let error = PriceList::read(&region(), &["{"]).unwrap_err();
        assert_eq!(error.kind(), cloud_types::ErrorKind::Unexpected);
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_a_price_panic(price in "[-0-9.eE]{0,40}", begin in "[-0-9.]{0,30}", usage in "\\PC{0,40}") {
            let attributes = json!({"volumeApiName": "gp3", "usagetype": usage});
            for family in ["Storage", "Storage Snapshot", "System Operation", "Provisioned Throughput"] {
                let text = product(family, &attributes, "GB-Mo", &[(&begin, &price)]);
                let list = PriceList::read(&region(), &[text]).unwrap();
                let _ = list.disk(&DiskKind::of(DiskClass::Performance, DiskUse::Boot, cloud_types::GiB(65_536)), u32::MAX);
            }
        }
    }
}
