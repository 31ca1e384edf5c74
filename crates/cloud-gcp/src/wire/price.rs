//! The price list of Cloud Billing (<https://cloud.google.com/billing/docs/reference/rest/v1/services.skus>).

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SkuList {
    pub(crate) skus: Vec<Sku>,
    pub(crate) next_page_token: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Sku {
    pub(crate) description: String,
    pub(crate) category: Category,
    pub(crate) service_regions: Vec<String>,
    pub(crate) pricing_info: Vec<PricingInfo>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Category {
    pub(crate) resource_family: String,
    pub(crate) resource_group: String,
    pub(crate) usage_type: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PricingInfo {
    pub(crate) pricing_expression: PricingExpression,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PricingExpression {
    /// `h` or `GiBy.h` or `GiBy.mo`.
    pub(crate) usage_unit: String,
    pub(crate) tiered_rates: Vec<TierRate>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TierRate {
    #[serde(default)]
    pub(crate) start_usage_amount: f64,
    pub(crate) unit_price: Money,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Money {
    pub(crate) currency_code: String,
    pub(crate) units: String,
    pub(crate) nanos: i32,
}
