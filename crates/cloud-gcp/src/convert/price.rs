//! The price list of Cloud Billing, sorted by what a host is billed for.
//!
//! There is no machine type in it: a machine costs its family's cores and memory, and its GPUs. A SKU says by its fields
//! what it is of (`resourceFamily`, `resourceGroup`), how it is paid (`usageType`) and where it holds (`serviceRegions`);
//! which machine family, GPU or disk type it is of stands in its description alone.

use std::collections::HashMap;

use cloud_types::{Currency, GpuInfo, MachineType, Money, Pricing, Region};
use rust_decimal::Decimal;

use crate::wire::{PriceMoney, Sku};

/// Prices by region, in US dollars.
#[derive(Debug, Default)]
pub(crate) struct PriceList {
    /// What an hour of a core and of a GiB of memory costs, by machine family.
    families: HashMap<Key, Family>,
    /// What an hour of a whole small machine costs.
    machines: HashMap<Key, Decimal>,
    /// What an hour of a GPU costs, by the words of its name.
    gpus: HashMap<(String, Pricing), Vec<(String, Decimal)>>,
    /// What a GiB costs a month, by disk type; `snapshot` is one of them.
    gib_months: HashMap<(String, String), Decimal>,
    /// What an hour of a public address in use costs.
    addresses: HashMap<(String, Pricing), Decimal>,
}

/// Region, name and how it is paid.
type Key = (String, String, Pricing);

#[derive(Debug, Default, Clone, Copy)]
struct Family {
    core: Option<Decimal>,
    memory: Option<Decimal>,
}

/// What snapshots are called here.
pub(crate) const SNAPSHOT: &str = "snapshot";

impl PriceList {
    pub(crate) fn read(skus: &[Sku]) -> Self {
        let mut list = Self::default();
        for sku in skus {
            let Some(price) = price(sku) else { continue };
            for region in &sku.service_regions {
                list.add(sku, region, price);
            }
        }
        list
    }

    fn add(&mut self, sku: &Sku, region: &str, price: Decimal) {
        let description = sku.description.to_lowercase();
        let (category, region) = (&sku.category, region.to_owned());
        let pricing = match category.usage_type.as_str() {
            "OnDemand" => Pricing::OnDemand,
            "Preemptible" => Pricing::Spot,
            _ => return, // commitments
        };
        let what = without_place(&description);
        match (category.resource_family.as_str(), category.resource_group.as_str()) {
            ("Compute", "F1Micro") => drop(self.machines.insert((region, "f1-micro".to_owned(), pricing), price)),
            ("Compute", "G1Small") => drop(self.machines.insert((region, "g1-small".to_owned(), pricing), price)),
            ("Compute", "GPU") => {
                if let Some(gpu) = what.split(" gpu").next().filter(|gpu| gpu.starts_with("nvidia")) {
                    self.gpus.entry((region, pricing)).or_default().push((gpu.replace(' ', "-"), price));
                }
            }
            ("Compute", group) => {
                let Some(name) = family(what, group) else { return };
                let entry = self.families.entry((region, name, pricing)).or_default();
                match (group, what.ends_with(" ram")) {
                    ("RAM", _) | ("N1Standard", true) => entry.memory = Some(price),
                    ("CPU" | "N1Standard", _) => entry.core = Some(price),
                    _ => {}
                }
            }
            ("Storage", _) => {
                let kind = DISKS.iter().find(|(words, _)| what.starts_with(words)).map(|(_, kind)| *kind);
                if let (Some(kind), "GiBy.mo") = (kind, unit(sku)) {
                    self.gib_months.insert((region, kind.to_owned()), price);
                }
            }
            ("Network", _) if what.starts_with("external ip charge on a") => {
                let pricing = if what.contains("spot") { Pricing::Spot } else { pricing };
                self.addresses.insert((region, pricing), price);
            }
            _ => {}
        }
    }

    /// What an hour of a running machine costs, without disks and addresses; `None` where the list does not say.
    pub(crate) fn machine(&self, region: &Region, machine: &MachineType, pricing: Pricing) -> Option<Money> {
        let place = || region.to_string();
        let base = machine.name.as_str().split(':').next().unwrap_or_default();
        let gpus = match &machine.gpu {
            Some(gpu) => self.gpu(region, gpu, pricing)? * Decimal::from(gpu.count),
            None => Decimal::ZERO,
        };
        if let Some(price) = self.machines.get(&(place(), base.to_owned(), pricing)) {
            return Some(dollars(*price + gpus));
        }
        let family = self.families.get(&(place(), base.split('-').next()?.to_owned(), pricing))?;
        let memory = Decimal::from(machine.memory.0) / Decimal::from(1024);
        Some(dollars(billed_cores(base, machine.vcpus) * family.core? + memory * family.memory? + gpus))
    }

    fn gpu(&self, region: &Region, gpu: &GpuInfo, pricing: Pricing) -> Option<Decimal> {
        let prices = self.gpus.get(&(region.to_string(), pricing))?;
        let same = |name: &str| {
            let plain = |text: &str| text.replace("-tesla", "");
            plain(name) == plain(&gpu.model)
        };
        prices.iter().find(|(name, _)| same(name)).map(|(_, price)| *price)
    }

    /// What a GiB of a disk type costs a month.
    pub(crate) fn gib_month(&self, region: &Region, kind: &str) -> Option<Money> {
        let at = |place: &str| self.gib_months.get(&(place.to_owned(), kind.to_owned()));
        at(region.as_str()).or_else(|| at(GLOBAL)).copied().map(dollars)
    }

    /// What an hour of a public IPv4 address costs while its host runs.
    pub(crate) fn address(&self, region: &Region, pricing: Pricing) -> Option<Money> {
        let at = |place: &str, pricing| self.addresses.get(&(place.to_owned(), pricing));
        let places = [region.as_str(), GLOBAL];
        let exact = places.iter().find_map(|place| at(place, pricing));
        exact.or_else(|| places.iter().find_map(|place| at(place, Pricing::OnDemand))).copied().map(dollars)
    }
}

/// The description up to its place, without how it is paid: `e2 instance core` of `Spot Preemptible E2 Instance Core running
/// in Belgium`.
fn without_place(description: &str) -> &str {
    let text = description.strip_prefix("spot preemptible ").unwrap_or(description);
    let text = text.strip_prefix("preemptible ").unwrap_or(text);
    let text = text.split(" attached to ").next().unwrap_or(text);
    let text = text.split(" running in ").next().unwrap_or(text);
    text.split(" in ").next().unwrap_or(text).trim()
}

/// The machine family of a core's or memory's SKU; none for what is sold otherwise than by the hour of a plain machine.
fn family(what: &str, group: &str) -> Option<String> {
    if OTHER_SALES.iter().any(|word| what.contains(word)) {
        return None;
    }
    if group == "N1Standard" {
        return Some("n1".to_owned());
    }
    let known = FAMILIES.iter().find(|(words, _)| what.starts_with(words)).map(|(_, family)| *family);
    let first = || what.split(' ').next().filter(|word| word.len() <= 4 && word.contains(|c: char| c.is_ascii_digit()));
    known.or_else(first).map(str::to_owned)
}

/// How many cores are billed: of the smallest E2 machines less than a guest sees
/// (<https://cloud.google.com/compute/docs/general-purpose-machines#e2-shared-core>).
fn billed_cores(machine: &str, vcpus: u32) -> Decimal {
    match machine {
        "e2-micro" => Decimal::new(25, 2),
        "e2-small" => Decimal::new(5, 1),
        "e2-medium" => Decimal::ONE,
        _ => Decimal::from(vcpus),
    }
}

/// The price of the newest entry, beyond what is free. Exact: whole units and billionths.
fn price(sku: &Sku) -> Option<Decimal> {
    let rates = &sku.pricing_info.last()?.pricing_expression.tiered_rates;
    let last = rates.iter().max_by(|a, b| a.start_usage_amount.total_cmp(&b.start_usage_amount))?;
    decimal(&last.unit_price)
}

fn decimal(money: &PriceMoney) -> Option<Decimal> {
    if !matches!(money.currency_code.as_str(), "" | "USD") {
        return None;
    }
    let units: i64 = if money.units.is_empty() { 0 } else { money.units.parse().ok()? };
    let billionths = i128::from(units) * 1_000_000_000 + i128::from(money.nanos);
    Some(Decimal::try_from_i128_with_scale(billionths, 9).ok()?.normalize())
}

fn unit(sku: &Sku) -> &str {
    sku.pricing_info.last().map_or("", |info| info.pricing_expression.usage_unit.as_str())
}

fn dollars(amount: Decimal) -> Money {
    Money::new(amount.normalize(), Currency::USD)
}

/// Where a price holds that is the same everywhere.
const GLOBAL: &str = "global";

/// Families whose descriptions do not begin with their name.
const FAMILIES: &[(&str, &str)] = &[("compute optimized", "c2"), ("memory-optimized", "m1")];

/// Words of what is not a plain machine by the hour.
const OTHER_SALES: &[&str] =
    &["custom", "sole tenancy", "reserved", "commitment", "extended", "premium", "dws", "calendar", "overcommit"];

/// How the descriptions of disks begin, and their types.
const DISKS: &[(&str, &str)] = &[
    ("storage pd capacity", "pd-standard"),
    ("balanced pd capacity", "pd-balanced"),
    ("ssd backed pd capacity", "pd-ssd"),
    ("hyperdisk balanced capacity", "hyperdisk-balanced"),
    ("storage pd snapshot", SNAPSHOT),
];

#[cfg(test)]
mod tests {
    use cloud_types::{Architecture, CpuKind, MachineTypeName, MiB};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn sku(description: &str, family: &str, group: &str, usage: &str, unit: &str, nanos: i32) -> Value {
        json!({
            "name": "services/6F81-5844-456A/skus/0000", "skuId": "0000", "description": description,
            "category": {"serviceDisplayName": "Compute Engine", "resourceFamily": family, "resourceGroup": group, "usageType": usage},
            "serviceRegions": ["europe-west1"], "serviceProviderName": "Google",
            "pricingInfo": [{"summary": "", "effectiveTime": "2026-11-01T00:00:00Z", "currencyConversionRate": 1,
                "pricingExpression": {"usageUnit": unit, "displayQuantity": 1, "tieredRates": [
                    {"startUsageAmount": 0, "unitPrice": {"currencyCode": "USD", "units": "0", "nanos": nanos}}]}}],
        })
    }

    fn list(skus: &[Value]) -> PriceList {
        let skus: Vec<Sku> = skus.iter().map(|sku| serde_json::from_value(sku.clone()).unwrap()).collect();
        PriceList::read(&skus)
    }

    fn machine(name: &str, vcpus: u32, gib: u32, gpu: Option<(&str, u32)>) -> MachineType {
        MachineType {
            name: MachineTypeName::new(name).unwrap(),
            vcpus,
            cpu: CpuKind::Dedicated,
            memory: MiB::from_gib(gib),
            disk: None,
            architecture: Architecture::X86_64,
            gpu: gpu.map(|(model, count)| super::super::sold::gpu_info(model, count)),
            deprecated: false,
        }
    }

    fn sample() -> PriceList {
        list(&[
            sku("E2 Instance Core running in Belgium", "Compute", "CPU", "OnDemand", "h", 23_994_680),
            sku("E2 Instance Ram running in Belgium", "Compute", "RAM", "OnDemand", "GiBy.h", 3_215_630),
            sku(
                "Spot Preemptible E2 Instance Core running in Belgium",
                "Compute",
                "CPU",
                "Preemptible",
                "h",
                7_198_000,
            ),
            sku(
                "Spot Preemptible E2 Instance Ram running in Belgium",
                "Compute",
                "RAM",
                "Preemptible",
                "GiBy.h",
                965_000,
            ),
            sku("E2 Custom Instance Core running in Belgium", "Compute", "CPU", "OnDemand", "h", 999),
            sku("Commitment v1: E2 Cpu in Belgium for 1 Year", "Compute", "CPU", "Commit1Yr", "h", 998),
            sku("N1 Predefined Instance Core running in Belgium", "Compute", "N1Standard", "OnDemand", "h", 34_773_000),
            sku(
                "N1 Predefined Instance Ram running in Belgium",
                "Compute",
                "N1Standard",
                "OnDemand",
                "GiBy.h",
                4_661_000,
            ),
            sku("Nvidia Tesla T4 GPU running in Belgium", "Compute", "GPU", "OnDemand", "h", 350_000_000),
            sku(
                "Nvidia Tesla T4 GPU attached to Spot Preemptible VMs running in Belgium",
                "Compute",
                "GPU",
                "Preemptible",
                "h",
                110_000_000,
            ),
            sku("Balanced PD Capacity in Belgium", "Storage", "SSD", "OnDemand", "GiBy.mo", 110_000_000),
            sku("Storage PD Capacity in Belgium", "Storage", "PDStandard", "OnDemand", "GiBy.mo", 44_000_000),
            sku("Regional Balanced PD Capacity in Belgium", "Storage", "SSD", "OnDemand", "GiBy.mo", 220_000_000),
            sku("Micro Instance with burstable CPU running in EMEA", "Compute", "F1Micro", "OnDemand", "h", 8_400_000),
        ])
    }

    #[test]
    fn a_machine_costs_its_cores_memory_and_gpus() {
        let (list, region) = (sample(), Region::new("europe-west1").unwrap());
        let price = |machine: &MachineType, pricing| list.machine(&region, machine, pricing).map(|m| m.to_string());
        let e2 = machine("e2-standard-2", 2, 8, None);
        assert_eq!(price(&e2, Pricing::OnDemand).as_deref(), Some("0.0737144 USD"));
        assert_eq!(price(&e2, Pricing::Spot).as_deref(), Some("0.022116 USD"));
        let small = machine("e2-small", 2, 2, None);
        assert_eq!(price(&small, Pricing::OnDemand).as_deref(), Some("0.0184286 USD"));
        let gpu = machine("n1-standard-4:nvidia-tesla-t4:2", 4, 15, Some(("nvidia-tesla-t4", 2)));
        assert_eq!(price(&gpu, Pricing::OnDemand).as_deref(), Some("0.909007 USD"));
        assert_eq!(price(&machine("f1-micro", 1, 1, None), Pricing::OnDemand).as_deref(), Some("0.0084 USD"));
        assert_eq!(price(&machine("c4-standard-2", 2, 7, None), Pricing::OnDemand), None);
    }

    #[test]
    fn a_disk_costs_by_its_type_and_not_as_its_regional_kin() {
        let (list, region) = (sample(), Region::new("europe-west1").unwrap());
        assert_eq!(list.gib_month(&region, "pd-balanced").unwrap().to_string(), "0.11 USD");
        assert_eq!(list.gib_month(&region, "pd-standard").unwrap().to_string(), "0.044 USD");
        assert_eq!(list.gib_month(&region, "pd-ssd"), None);
    }

    #[test]
    fn what_is_free_at_first_costs_what_it_costs_after() {
        let mut address = sku("External IP Charge on a Standard VM", "Network", "IpAddress", "OnDemand", "h", 0);
        address["serviceRegions"] = json!(["global"]);
        let rates = &mut address["pricingInfo"][0]["pricingExpression"]["tieredRates"];
        rates.as_array_mut().unwrap().push(
            json!({"startUsageAmount": 744, "unitPrice": {"currencyCode": "USD", "units": "0", "nanos": 5_000_000}}),
        );
        let region = Region::new("europe-west1").unwrap();
        assert_eq!(list(&[address]).address(&region, Pricing::Spot).unwrap().to_string(), "0.005 USD");
    }

    #[test]
    fn a_price_is_exact() {
        let money = PriceMoney { currency_code: "USD".to_owned(), units: "3".to_owned(), nanos: 1 };
        assert_eq!(decimal(&money).unwrap().to_string(), "3.000000001");
        let other = PriceMoney { currency_code: "EUR".to_owned(), units: "3".to_owned(), nanos: 1 };
        assert_eq!(decimal(&other), None);
    }

    proptest! {
        #[test]
        fn no_description_or_price_makes_reading_panic(
            description in "(Spot Preemptible |)[A-Za-z0-9 ]{0,40}( running in | in |)[A-Za-z]{0,8}",
            family in prop::sample::select(vec!["Compute", "Storage", "Network", ""]),
            group in prop::sample::select(vec!["CPU", "RAM", "GPU", "N1Standard", "SSD", "IpAddress", ""]),
            units in "-?[0-9]{0,22}", nanos in any::<i32>(),
        ) {
            let mut one = sku(&description, family, group, "OnDemand", "GiBy.mo", nanos);
            one["pricingInfo"][0]["pricingExpression"]["tieredRates"][0]["unitPrice"]["units"] = json!(units);
            list(&[one]);
        }
    }
}
