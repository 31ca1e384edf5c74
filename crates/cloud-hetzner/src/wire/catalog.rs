//! Locations, server types and prices. Amounts stay text until they become exact decimals.

use serde::Deserialize;

use super::page::paged;

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Location {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) city: String,
    pub(crate) country: String,
}

paged!(LocationList, locations, Location);

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ServerType {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) cores: f64,
    pub(crate) memory: f64,
    pub(crate) disk: f64,
    pub(crate) cpu_type: String,
    pub(crate) architecture: String,
    pub(crate) locations: Vec<TypeLocation>,
    pub(crate) prices: Vec<Price>,
}

/// Where a server type exists, and whether it can be ordered there now.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TypeLocation {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) available: Option<bool>,
    #[serde(default)]
    pub(crate) deprecation: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Price {
    pub(crate) location: String,
    pub(crate) price_hourly: PricePair,
    pub(crate) price_monthly: PricePair,
}

/// A price without and with tax; only the first is read.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PricePair {
    pub(crate) net: String,
}

paged!(ServerTypeList, server_types, ServerType);

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PricingResponse {
    pub(crate) pricing: Pricing,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Pricing {
    pub(crate) currency: String,
    pub(crate) primary_ips: Vec<PrimaryIpPrices>,
    pub(crate) image: PerGigabyte,
    pub(crate) volume: PerGigabyte,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PrimaryIpPrices {
    pub(crate) r#type: String,
    pub(crate) prices: Vec<Price>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PerGigabyte {
    pub(crate) price_per_gb_month: PricePair,
}
