//! The price list of Cloud Billing (<https://cloud.google.com/billing/docs/reference/rest/v1/services.skus>).

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SkuList {
    pub(crate) skus: Vec<Sku>,
    #[serde(default)]
    pub(crate) next_page_token: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sku {
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) category: Category,
    #[serde(default)]
    pub(crate) service_regions: Vec<String>,
    #[serde(default)]
    pub(crate) pricing_info: Vec<PricingInfo>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Category {
    #[serde(default)]
    pub(crate) resource_family: String,
    #[serde(default)]
    pub(crate) resource_group: String,
    #[serde(default)]
    pub(crate) usage_type: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PricingInfo {
    #[serde(default)]
    pub(crate) pricing_expression: PricingExpression,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PricingExpression {
    /// `h` or `GiBy.h` or `GiBy.mo`.
    #[serde(default)]
    pub(crate) usage_unit: String,
    #[serde(default)]
    pub(crate) tiered_rates: Vec<TierRate>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TierRate {
    #[serde(default)]
    pub(crate) start_usage_amount: f64,
    pub(crate) unit_price: Money,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Money {
    #[serde(default)]
    pub(crate) currency_code: String,
    #[serde(default)]
    pub(crate) units: String,
    #[serde(default)]
    pub(crate) nanos: i32,
}
