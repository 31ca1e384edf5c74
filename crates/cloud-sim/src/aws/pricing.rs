//! The price list, <https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html>:
//! a JSON text a product. What nobody means is in it as on the real one: other systems, tenancies and reservations.

use std::sync::LazyLock;

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::errors::ApiError;
use super::machines::{MACHINES, Machine};
use super::places::{Place, REGIONS};
use crate::face::tokens;

/// `AWSPriceListService.GetProducts`.
pub(super) fn products(sent: &Value, _: Place) -> Result<Value, ApiError> {
    let invalid = |message: &str| ApiError::new("InvalidParameterException", message);
    let service = sent["ServiceCode"].as_str().unwrap_or_default();
    if !SERVICES.contains(&service) {
        return Err(invalid("The service code is not known"));
    }
    let most = sent.get("MaxResults").map_or(Some(LARGEST_PAGE), Value::as_u64);
    let most = most.filter(|most| (1..=LARGEST_PAGE).contains(most)).ok_or_else(|| invalid("MaxResults"))?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let bad_token = || ApiError::new("InvalidNextTokenException", "The token is not valid");
    let skip = sent["NextToken"].as_str().map(|token| tokens::read_base64("skip", token).ok_or_else(bad_token));
    let skip = skip.transpose()?;
    let mut wanted: Vec<(&str, &str)> = vec![("ServiceCode", service)];
    for filter in sent["Filters"].as_array().into_iter().flatten() {
        let (Some("TERM_MATCH" | "EQUALS"), Some(field), Some(value)) =
            (filter["Type"].as_str(), filter["Field"].as_str(), filter["Value"].as_str())
        else {
            return Err(invalid("A filter needs a Type, a Field and a Value"));
        };
        wanted.push((field, value));
    }
    let found = (1..).zip(ALL.iter().filter(|product| fits(product, &wanted)));
    let (page, next) = tokens::page(found.collect(), skip.as_ref(), most, |product| Some(product.to_string()));
    let mut shown = json!({"FormatVersion": "aws_v1", "PriceList": page});
    if let Some(next) = next {
        shown["NextToken"] = json!(tokens::base64("skip", next));
    }
    Ok(shown)
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

/// The list is the same for everybody, and long.
static ALL: LazyLock<Vec<Value>> = LazyLock::new(all);

fn all() -> Vec<Value> {
    let mut found = Vec::new();
    for place in Place::all() {
        for machine in MACHINES.iter().filter(|machine| !machine.zones(place).is_empty()) {
            found.extend(VARIANTS.iter().map(|variant| instance(place, machine, *variant)));
        }
        found.extend(VOLUMES.iter().map(|(class, name, price)| volume(place, class, name, *price)));
        found.extend(OTHERS.iter().map(|other| other.product(place)));
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
        "usagetype": usage(place, &format!("BoxUsage:{}", machine.name)),
    });
    if let Some((_, _, count)) = machine.gpu {
        attributes["gpu"] = json!(count.to_string());
    }
    let price = machine.hourly(place) * Decimal::new(percent.into(), 2);
    product("AmazonEC2", Some("Compute Instance"), &attributes, "Hrs", price)
}

fn volume(place: Place, class: &str, name: &str, price: i64) -> Value {
    let attributes = json!({
        "servicecode": "AmazonEC2",
        "location": location(place),
        "regionCode": place.name(),
        "volumeApiName": class,
        "volumeType": name,
        "usagetype": usage(place, &format!("EBS:VolumeUsage.{class}")),
    });
    product("AmazonEC2", Some("Storage"), &attributes, "GB-Mo", Decimal::new(price, 3))
}

/// What is neither a machine nor the size of a disk.
struct Other {
    service: &'static str,
    family: Option<&'static str>,
    /// What tells it from its kin besides the usage: an attribute and its value.
    attribute: (&'static str, &'static str),
    usage: &'static str,
    unit: &'static str,
    /// Ten-thousandths of a dollar.
    price: i64,
}

impl Other {
    fn product(&self, place: Place) -> Value {
        let mut attributes = json!({
            "servicecode": self.service,
            "location": location(place),
            "regionCode": place.name(),
            "usagetype": usage(place, self.usage),
        });
        attributes[self.attribute.0] = json!(self.attribute.1);
        product(self.service, self.family, &attributes, self.unit, Decimal::new(self.price, 4))
    }
}

const fn ec2(
    family: &'static str,
    attribute: (&'static str, &'static str),
    usage: &'static str,
    unit: &'static str,
    price: i64,
) -> Other {
    Other { service: "AmazonEC2", family: Some(family), attribute, usage, unit, price }
}

/// Public addresses have no family there.
const fn address(usage: &'static str) -> Other {
    let attribute = ("group", "VPCPublicIPv4Address");
    Other { service: "AmazonVPC", family: None, attribute, usage, unit: "Hrs", price: 50 }
}

const OTHERS: [Other; 6] = [
    ec2("Storage Snapshot", ("storageMedia", "Amazon S3"), "EBS:SnapshotUsage", "GB-Mo", 500),
    ec2("Storage Snapshot", ("storageMedia", "Amazon S3"), "EBS:SnapshotArchiveStorage", "GB-Mo", 125),
    ec2("System Operation", ("volumeApiName", "gp3"), "EBS:VolumeP-IOPS.gp3", "IOPS-Mo", 50),
    ec2("Provisioned Throughput", ("volumeApiName", "gp3"), "EBS:VolumeP-Throughput.gp3", "GiBps-mo", 409_600),
    address("PublicIPv4:InUseAddress"),
    address("PublicIPv4:IdleAddress"),
];

/// A usage with the region's short name before it, which the first region's have not.
fn usage(place: Place, what: &str) -> String {
    match place.index() {
        0 => what.to_owned(),
        _ => format!("{}-{what}", REGIONS[place.index() as usize].4.to_uppercase()),
    }
}

fn product(service: &str, family: Option<&str>, attributes: &Value, unit: &str, price: Decimal) -> Value {
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
    let mut product = json!({"sku": sku, "attributes": attributes});
    if let Some(family) = family {
        product["productFamily"] = json!(family);
    }
    json!({
        "product": product,
        "serviceCode": service,
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
const VOLUMES: [(&str, &str, i64); 3] =
    [("gp3", "General Purpose", 80), ("gp2", "General Purpose", 100), ("sc1", "Cold HDD", 15)];
const SERVICES: [&str; 2] = ["AmazonEC2", "AmazonVPC"];
const LARGEST_PAGE: u64 = 100;
