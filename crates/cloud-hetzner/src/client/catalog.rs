//! `/locations`, `/server_types` and `/pricing` (<https://docs.hetzner.cloud/reference/cloud#server-types>).

use cloud_types::Result;

use super::{Api, all_pages};
use crate::wire::{Location, LocationList, Pricing, PricingResponse, ServerType, ServerTypeList};

impl Api {
    pub(crate) async fn locations(&self) -> Result<Vec<Location>> {
        all_pages::<LocationList>(|| self.0.get("list_regions", "locations")).await
    }

    pub(crate) async fn server_types(&self) -> Result<Vec<ServerType>> {
        all_pages::<ServerTypeList>(|| self.0.get("list_machine_types", "server_types")).await
    }

    pub(crate) async fn pricing(&self) -> Result<Pricing> {
        let answer: PricingResponse = self.0.get("get_prices", "pricing").send().await?;
        Ok(answer.pricing)
    }
}
