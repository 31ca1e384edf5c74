//! `GET /v1/services/6F81-5844-456A/skus` of the Cloud Billing catalog, and the prices behind it.
//!
//! There is a SKU for a core and one for a GB of memory of each family, for each accelerator, for
//! disks, snapshots and addresses; on demand and as spot. No SKU names a machine type.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::api::{self, Answer, Api};
use super::errors;
use super::machines;

/// The SKUs that the request's page asks for.
pub(super) fn list(api: &mut Api<'_>) -> Answer {
    if api.param("servicesId") != SERVICE {
        return Err(errors::not_found(&format!("services/{}", api.param("servicesId"))));
    }
    if api.request.param("currencyCode").is_some_and(|code| !["", "USD"].contains(&code)) {
        return Err(errors::invalid("currencyCode", "only USD is simulated"));
    }
    let size = number(api, "pageSize")?.filter(|size| *size > 0).unwrap_or(5000).min(5000);
    let first = number(api, "pageToken")?.unwrap_or(0);
    let regions: Vec<&str> = api.world.catalog.regions.iter().map(|region| region.name.as_str()).collect();
    let all = skus(&regions);
    let last = (first + size).min(all.len());
    let next = if last < all.len() { last.to_string() } else { String::new() };
    api::ok(&json!({"skus": all.get(first..last).unwrap_or_default(), "nextPageToken": next}))
}

/// What an hour of a machine costs: its cores, its memory and its accelerators.
pub(super) fn machine_price(
    machine: &str,
    cores: u32,
    memory_mib: u64,
    gpu: Option<(&str, u32)>,
    region: &str,
    spot: bool,
) -> Decimal {
    let family = FAMILIES.iter().find(|row| row.0 == machines::family(machine));
    let Some((_, _, core, memory)) = family else {
        return Decimal::ZERO;
    };
    // The shared-core machines are billed for a part of their two cores.
    let cores = match machine {
        "e2-micro" => Decimal::new(25, 2),
        "e2-small" => Decimal::new(5, 1),
        "e2-medium" => Decimal::ONE,
        _ => Decimal::from(cores),
    };
    let memory_gb = Decimal::from(memory_mib) / Decimal::from(1024);
    let accelerators = gpu.map_or(Decimal::ZERO, |(name, count)| {
        let price = GPUS.iter().find(|row| row.0 == name).map_or(0, |row| row.2);
        nanos(price, region, spot) * Decimal::from(count)
    });
    cores * nanos(*core, region, spot) + memory_gb * nanos(*memory, region, spot) + accelerators
}

fn number(api: &Api<'_>, name: &str) -> Result<Option<usize>, super::errors::ApiError> {
    let text = api.request.param(name).filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(|_| errors::invalid(name, format!("'{text}'")))).transpose()
}

fn skus(regions: &[&str]) -> Vec<Value> {
    let mut all = Vec::new();
    for region in regions {
        for spot in [false, true] {
            for (family, words, core, memory) in FAMILIES {
                let group = if family == "n1" { ["N1Standard"; 2] } else { ["CPU", "RAM"] };
                all.push(sku("Compute", group[0], &format!("{words} Core"), region, spot, core, "h"));
                all.push(sku("Compute", group[1], &format!("{words} Ram"), region, spot, memory, "GiBy.h"));
            }
            for (_, words, price) in GPUS {
                all.push(sku("Compute", "GPU", words, region, spot, price, "h"));
            }
        }
        for (group, words, price) in STORAGE {
            all.push(sku("Storage", group, words, region, false, price, "GiBy.mo"));
        }
        let words = "External IP Charge on a Standard VM";
        all.push(sku("Network", "ExternalIp", words, region, false, 5_000_000, "h"));
        let words = "External IP Charge on a Spot Preemptible VM";
        all.push(sku("Network", "ExternalIp", words, region, true, 5_000_000, "h"));
    }
    all
}

fn sku(family: &str, group: &str, words: &str, region: &str, spot: bool, price: i64, unit: &str) -> Value {
    let place = place(region);
    let prefix = if spot && family == "Compute" { "Spot Preemptible " } else { "" };
    let price = (nanos(price, region, spot && family == "Compute") * Decimal::from(GIGA)).round();
    let price: i64 = price.try_into().unwrap_or(0);
    let text = format!("{prefix}{words} running in {place}");
    let id = id_of(&text);
    let (unit_words, base, factor) = match unit {
        "h" => ("hour", "s", 3600.0),
        "GiBy.h" => ("gibibyte hour", "By.s", 3_865_470_566_400.0),
        _ => ("gibibyte month", "By.s", 2_875_910_101_401_600.0),
    };
    let base_words = if base == "s" { "second" } else { "byte second" };
    json!({
        "name": format!("services/{SERVICE}/skus/{id}"),
        "skuId": id,
        "description": text,
        "category": {
            "serviceDisplayName": "Compute Engine",
            "resourceFamily": family,
            "resourceGroup": group,
            "usageType": if spot { "Preemptible" } else { "OnDemand" },
        },
        "serviceRegions": [region],
        "pricingInfo": [{
            "summary": "",
            "effectiveTime": "2026-11-01T00:00:00Z",
            "currencyConversionRate": 1.0,
            "pricingExpression": {
                "usageUnit": unit,
                "usageUnitDescription": unit_words,
                "baseUnit": base,
                "baseUnitDescription": base_words,
                "baseUnitConversionFactor": factor,
                "displayQuantity": 1.0,
                "tieredRates": [{
                    "startUsageAmount": 0.0,
                    "unitPrice": {
                        "currencyCode": "USD",
                        "units": (price / GIGA).to_string(),
                        "nanos": price % GIGA,
                    },
                }],
            },
        }],
        "serviceProviderName": "Google",
        "geoTaxonomy": {"type": "REGIONAL", "regions": [region]},
    })
}

/// A price in dollars: a tenth more outside the United States, two fifths as spot.
fn nanos(price: i64, region: &str, spot: bool) -> Decimal {
    let price = Decimal::from(price) / Decimal::from(GIGA);
    let price = if region.starts_with("us-") { price } else { price * Decimal::new(11, 1) };
    if spot { price * Decimal::new(4, 1) } else { price }
}

fn place(region: &str) -> &'static str {
    match region {
        "us-central1" => "Iowa",
        "us-east1" => "South Carolina",
        "us-west1" => "Oregon",
        "europe-west1" => "Belgium",
        "europe-west4" => "Netherlands",
        _ => "Taiwan",
    }
}

/// Three groups of four digits, as the real ids are.
fn id_of(text: &str) -> String {
    let sum = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let sum = format!("{sum:016X}");
    format!("{}-{}-{}", &sum[..4], &sum[4..8], &sum[8..12])
}

const SERVICE: &str = "6F81-5844-456A";
const GIGA: i64 = 1_000_000_000;

/// Family, words, price of a core and of a GB of memory for an hour, in thousand-millionths.
const FAMILIES: [(&str, &str, i64, i64); 10] = [
    ("e2", "E2 Instance", 21_811_590, 2_923_530),
    ("n1", "N1 Predefined Instance", 31_611_000, 4_237_000),
    ("n2", "N2 Instance", 31_611_000, 4_237_000),
    ("c3", "C3 Instance", 33_982_000, 4_555_000),
    ("c4", "C4 Instance", 34_650_000, 3_938_000),
    ("n4", "N4 Instance", 31_166_000, 3_542_000),
    ("t2a", "T2A Arm Instance", 26_950_000, 2_887_500),
    ("c4a", "C4A Arm Instance", 28_085_000, 3_191_000),
    ("g2", "G2 Instance", 24_987_650, 2_927_000),
    ("a2", "A2 Instance", 31_611_000, 4_237_000),
];

/// Accelerator, words, price of an hour.
const GPUS: [(&str, &str, i64); 5] = [
    ("nvidia-a100-80gb", "Nvidia Tesla A100 80GB GPU", 3_927_000_000),
    ("nvidia-h100-80gb", "Nvidia H100 80GB GPU", 9_796_550_000),
    ("nvidia-l4", "Nvidia L4 GPU", 560_040_000),
    ("nvidia-tesla-a100", "Nvidia Tesla A100 GPU", 2_933_908_000),
    ("nvidia-tesla-t4", "Nvidia Tesla T4 GPU", 350_000_000),
];

/// Group, words, price of a GB for a month.
const STORAGE: [(&str, &str, i64); 5] = [
    ("PDStandard", "Storage PD Capacity", 40_000_000),
    ("SSD", "Balanced PD Capacity", 100_000_000),
    ("SSD", "SSD backed PD Capacity", 170_000_000),
    ("HyperdiskBalanced", "Hyperdisk Balanced Capacity", 80_000_000),
    ("PDSnapshot", "Storage PD Snapshot", 50_000_000),
];
