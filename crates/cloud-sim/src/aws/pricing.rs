//! The price list, <https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html>:
//! a JSON text a product. What nobody means is in it as on the real one: other systems, tenancies and reservations.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::errors::ApiError;
use super::machines::{MACHINES, Machine};
use super::places::{Place, REGIONS};

/// `AWSPriceListService.GetProducts`.
pub(super) fn products(sent: &Value, _: Place) -> Result<Value, ApiError> {
    let invalid = |message: &str| ApiError::new("InvalidParameterException", message);
    if sent["ServiceCode"].as_str() != Some("AmazonEC2") {
        return Err(invalid("The service code is not known"));
    }
    let most = sent.get("MaxResults").map_or(Some(LARGEST_PAGE), Value::as_u64);
    let most = most.filter(|most| (1..=LARGEST_PAGE).contains(most)).ok_or_else(|| invalid("MaxResults"))?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let skip = match sent["NextToken"].as_str() {
        None => 0,
        Some(token) => {
            read_token(token).ok_or_else(|| ApiError::new("InvalidNextTokenException", "The token is not valid"))?
        }
    };
    let mut wanted: Vec<(&str, &str)> = Vec::new();
    for filter in sent["Filters"].as_array().into_iter().flatten() {
        let (Some("TERM_MATCH" | "EQUALS"), Some(field), Some(value)) =
            (filter["Type"].as_str(), filter["Field"].as_str(), filter["Value"].as_str())
        else {
            return Err(invalid("A filter needs a Type, a Field and a Value"));
        };
        wanted.push((field, value));
    }
    let found: Vec<Value> = all().into_iter().filter(|product| fits(product, &wanted)).collect();
    let next = (found.len() > skip + most).then(|| BASE64_STANDARD.encode(format!("skip:{}", skip + most)));
    let page: Vec<String> = found.iter().skip(skip).take(most).map(Value::to_string).collect();
    let mut shown = json!({"FormatVersion": "aws_v1", "PriceList": page});
    if let Some(next) = next {
        shown["NextToken"] = json!(next);
    }
    Ok(shown)
}

fn read_token(token: &str) -> Option<usize> {
    let bytes = BASE64_STANDARD.decode(token).ok()?;
    String::from_utf8(bytes).ok()?.strip_prefix("skip:")?.parse().ok()
}

fn fits(product: &Value, wanted: &[(&str, &str)]) -> bool {
    wanted.iter().all(|(field, value)| {
        let attributes = &product["product"]["attributes"];
        let known = match *field {
            "productFamily" => &product["product"]["productFamily"],
            "sku" => &product["product"]["sku"],
            "ServiceCode" => &product["serviceCode"],
            field => &attributes[field],
        };
        known.as_str().is_some_and(|known| known.eq_ignore_ascii_case(value))
    })
}

/// System, software on it, tenancy, what becomes of the capacity, by how many percent the price differs.
type Variant = (&'static str, &'static str, &'static str, &'static str, u32);

const VARIANTS: [Variant; 5] = [
    ("Linux", "NA", "Shared", "Used", 100),
    ("Linux", "NA", "Shared", "AllocatedCapacityReservation", 0),
    ("Linux", "SQL Web", "Shared", "Used", 170),
    ("Linux", "NA", "Dedicated", "Used", 110),
    ("Windows", "NA", "Shared", "Used", 190),
];

fn all() -> Vec<Value> {
    let mut found = Vec::new();
    for place in Place::all() {
        for machine in MACHINES.iter().filter(|machine| !machine.zones(place).is_empty()) {
            found.extend(VARIANTS.iter().map(|variant| instance(place, machine, *variant)));
        }
        found.extend(VOLUMES.iter().map(|(class, name, price)| volume(place, class, name, *price)));
    }
    found
}

fn instance(place: Place, machine: &Machine, (system, software, tenancy, capacity, percent): Variant) -> Value {
    let mut attributes = json!({
        "servicecode": "AmazonEC2",
        "servicename": "Amazon Elastic Compute Cloud",
        "location": location(place),
        "locationType": "AWS Region",
        "regionCode": place.name(),
        "instanceType": machine.name,
        "instanceFamily": if machine.gpu.is_some() { "GPU instance" } else { "General purpose" },
        "currentGeneration": "Yes",
        "vcpu": machine.cores.to_string(),
        "memory": format!("{} GiB", (Decimal::from(machine.memory_mib) / Decimal::from(1024)).normalize()),
        "operatingSystem": system,
        "preInstalledSw": software,
        "licenseModel": "No License required",
        "tenancy": tenancy,
        "capacitystatus": capacity,
        "marketoption": "OnDemand",
        "operation": "RunInstances",
        "usagetype": format!("BoxUsage:{}", machine.name),
    });
    if let Some((_, _, count)) = machine.gpu {
        attributes["gpu"] = json!(count.to_string());
    }
    let price = machine.hourly(place) * Decimal::new(percent.into(), 2);
    product("Compute Instance", &attributes, "Hrs", price)
}

fn volume(place: Place, class: &str, name: &str, price: i64) -> Value {
    let attributes = json!({
        "servicecode": "AmazonEC2",
        "location": location(place),
        "regionCode": place.name(),
        "volumeApiName": class,
        "volumeType": name,
        "usagetype": format!("EBS:VolumeUsage.{class}"),
    });
    product("Storage", &attributes, "GB-Mo", Decimal::new(price, 3))
}

fn product(family: &str, attributes: &Value, unit: &str, price: Decimal) -> Value {
    let sku = code(&attributes.to_string());
    let term = format!("{sku}.JRTCKXETXF");
    let rate = format!("{term}.6YS6EN2CT7");
    let price = format!("{price:.10}");
    let dimension = json!({
        "unit": unit,
        "beginRange": "0",
        "endRange": "Inf",
        "description": format!("${price} per {unit}"),
        "appliesTo": [],
        "rateCode": rate,
        "pricePerUnit": {"USD": price},
    });
    let offer = json!({
        "priceDimensions": Map::from_iter([(rate, dimension)]),
        "sku": sku,
        "effectiveDate": "2026-11-01T00:00:00Z",
        "offerTermCode": "JRTCKXETXF",
        "termAttributes": {},
    });
    json!({
        "product": {"productFamily": family, "sku": sku, "attributes": attributes},
        "serviceCode": "AmazonEC2",
        "terms": {"OnDemand": Map::from_iter([(term, offer)])},
        "version": "20261101000000",
        "publicationDate": "2026-11-01T00:00:00Z",
    })
}

/// Sixteen letters that stand for a product.
fn code(attributes: &str) -> String {
    format!("{:X}", md5::compute(attributes))[..16].to_owned()
}

fn location(place: Place) -> String {
    let (name, _, city, ..) = REGIONS[place.index() as usize];
    format!("{city} ({name})")
}

/// Name in the API, name for people, thousandths of a dollar for a GB and month.
const VOLUMES: [(&str, &str, i64); 2] = [("gp3", "General Purpose", 80), ("gp2", "General Purpose", 100)];
const LARGEST_PAGE: u64 = 100;
