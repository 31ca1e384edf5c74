//! Server types, images and prices.

use cloud_driver::Sold;
use cloud_types::{
    Architecture, CpuKind, Currency, ImageInfo, MachineType, MachineTypeName, MiB, Money, Offering, Pricing, Rate,
    Region, RegionInfo, Result,
};
use rust_decimal::Decimal;

use super::{location, nonsense, whole_gib, word};
use crate::wire;

/// All that Hetzner sells. A price that makes no sense is an error where it is asked for, and nowhere else.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub(crate) sold: Sold,
    /// System images with their numbers: a name exists once for each architecture.
    pub(crate) images: Vec<(u64, ImageInfo)>,
    pub(crate) ipv4: Vec<(Region, Result<Rate>)>,
    /// A gigabyte of a volume for a month.
    pub(crate) volume: Result<Money>,
    /// A gigabyte of a snapshot for a month.
    pub(crate) snapshot: Result<Money>,
}

pub(crate) fn shelf(
    types: &[wire::ServerType],
    images: &[wire::Image],
    prices: &wire::Pricing,
    locations: Vec<wire::Location>,
) -> Result<Shelf> {
    let currency = prices.currency.parse().map_err(|_| nonsense("a currency"))?;
    let (mut machine_types, mut offerings) = (Vec::new(), Vec::new());
    for server_type in types {
        // A type in a word that this library does not know, such as a new architecture, is left out; the others serve on.
        let Ok(machine_type) = machine_type(server_type) else { continue };
        for location in &server_type.locations {
            offerings.extend(offering(server_type, &machine_type, location, currency)?);
        }
        machine_types.push(machine_type);
    }
    let ipv4 = prices.primary_ips.iter().find(|prices| prices.r#type == "ipv4");
    let ipv4 = ipv4.iter().flat_map(|kind| &kind.prices);
    Ok(Shelf {
        sold: Sold { regions: locations.into_iter().map(region).collect::<Result<_>>()?, machine_types, offerings },
        images: images.iter().filter_map(|one| Some((one.id, image(one).ok()?))).collect(),
        ipv4: ipv4.map(|price| Ok((location(&price.location)?, rate(price, currency)))).collect::<Result<_>>()?,
        volume: money(&prices.volume.price_per_gb_month, currency),
        snapshot: money(&prices.image.price_per_gb_month, currency),
    })
}

/// A server type in a location; `None` where Hetzner names no price for it.
fn offering(
    server_type: &wire::ServerType,
    machine_type: &MachineType,
    location: &wire::TypeLocation,
    currency: Currency,
) -> Result<Option<Offering>> {
    let Some(price) = server_type.prices.iter().find(|price| price.location == location.name) else { return Ok(None) };
    Ok(Some(Offering {
        machine_type: MachineType { deprecated: location.deprecation.is_some(), ..machine_type.clone() },
        region: super::location(&location.name)?,
        zone: None,
        pricing: Pricing::OnDemand,
        hourly: money(&price.price_hourly, currency)?,
        monthly_cap: Some(money(&price.price_monthly, currency)?),
        orderable: location.available.unwrap_or(true),
    }))
}

fn region(location: wire::Location) -> Result<RegionInfo> {
    let description = format!("{}, {}", location.city, location.country);
    Ok(RegionInfo { name: word(Region::new(location.name))?, description, zones: Vec::new() })
}

fn machine_type(from: &wire::ServerType) -> Result<MachineType> {
    Ok(MachineType {
        name: word(MachineTypeName::new(from.name.as_str()))?,
        vcpus: from.cores as u32,
        cpu: if from.cpu_type == "dedicated" { CpuKind::Dedicated } else { CpuKind::Shared },
        memory: MiB((from.memory * 1024.0) as u64),
        disk: Some(whole_gib(from.disk)),
        architecture: architecture(&from.architecture)?,
        gpu: None,
        deprecated: from.locations.iter().all(|location| location.deprecation.is_some()),
    })
}

fn architecture(theirs: &str) -> Result<Architecture> {
    match theirs {
        "x86" => Ok(Architecture::X86_64),
        "arm" => Ok(Architecture::Arm64),
        _ => Err(nonsense("an architecture")),
    }
}

fn image(image: &wire::Image) -> Result<ImageInfo> {
    Ok(ImageInfo {
        id: image.name.clone().unwrap_or_else(|| image.id.to_string()),
        description: image.description.clone(),
        architecture: architecture(&image.architecture)?,
        deprecated: image.deprecated.is_some(),
    })
}

/// A rate by the hour, capped by the price of the month (<https://docs.hetzner.com/cloud/billing/faq>). Without tax.
fn rate(price: &wire::Price, currency: Currency) -> Result<Rate> {
    Ok(Rate::Hourly { price: money(&price.price_hourly, currency)?, cap: Some(money(&price.price_monthly, currency)?) })
}

pub(crate) fn money(price: &wire::PricePair, currency: Currency) -> Result<Money> {
    let money = Money::parse(&price.net, currency).map_err(|_| nonsense("a price"))?;
    match money.amount.is_sign_negative() && !money.amount.is_zero() || money.amount > HIGHEST_PRICE {
        true => Err(nonsense("a price")),
        false => Ok(money),
    }
}

/// No price of an hour, a month or a gigabyte is higher, in any currency.
const HIGHEST_PRICE: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);
