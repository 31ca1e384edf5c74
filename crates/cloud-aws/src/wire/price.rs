//! A product of the price list
//! (<https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html>). Each is a text of JSON
//! within the JSON of the answer.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PricedProduct {
    pub(crate) product: Product,
    #[serde(default)]
    pub(crate) terms: Terms,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Product {
    #[serde(default)]
    pub(crate) product_family: String,
    pub(crate) attributes: Attributes,
}

/// What a product is of. Which of them are there depends on the family.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Attributes {
    pub(crate) region_code: String,
    /// Of a machine, such as `t3.micro`.
    pub(crate) instance_type: String,
    pub(crate) operating_system: String,
    pub(crate) tenancy: String,
    #[serde(rename = "capacitystatus")]
    pub(crate) capacity_status: String,
    pub(crate) pre_installed_sw: String,
    pub(crate) operation: String,
    #[serde(rename = "marketoption")]
    pub(crate) market_option: String,
    /// Of a disk, such as `gp3`.
    pub(crate) volume_api_name: String,
    /// The region's short name, but in the first region, and what is used: `EUW1-EBS:SnapshotUsage`.
    #[serde(rename = "usagetype")]
    pub(crate) usage_type: String,
    pub(crate) group: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Terms {
    /// By SKU and offer.
    pub(crate) on_demand: BTreeMap<String, Term>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Term {
    /// By rate code.
    pub(crate) price_dimensions: BTreeMap<String, Dimension>,
}

/// What a unit costs from an amount on.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dimension {
    pub(crate) unit: String,
    #[serde(default)]
    pub(crate) begin_range: String,
    /// By currency, as decimal text.
    pub(crate) price_per_unit: BTreeMap<String, String>,
}
