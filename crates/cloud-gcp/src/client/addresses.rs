//! `/addresses` (<https://cloud.google.com/compute/docs/reference/rest/v1/addresses>).

use cloud_http::segment;
use cloud_types::Result;

use super::{Api, PER_PAGE, all_pages, request_id};
use crate::wire::{Address, Aggregated, CreateAddress, Operation};

impl Api {
    pub(crate) async fn create_address(&self, region: &str, body: &CreateAddress<'_>) -> Result<Operation> {
        let path = self.path(format!("regions/{}/addresses", segment(region))).await?;
        let request = self.compute.post("reserve_address", path).query("requestId", request_id());
        request.repeatable().json(body).send().await
    }

    pub(crate) async fn get_address(&self, region: &str, name: &str) -> Result<Address> {
        self.compute.get("get_address", self.address(region, name).await?).send().await
    }

    /// The reserved addresses of all regions.
    pub(crate) async fn all_addresses(&self) -> Result<Vec<Address>> {
        let path = self.path("aggregated/addresses").await?;
        all_pages::<Aggregated<Address>>(|| self.compute.get("list_addresses", &path).query("maxResults", PER_PAGE))
            .await
    }

    pub(crate) async fn delete_address(&self, region: &str, name: &str) -> Result<Operation> {
        let request = self.compute.delete("release_address", self.address(region, name).await?);
        request.query("requestId", request_id()).send().await
    }

    async fn address(&self, region: &str, name: &str) -> Result<String> {
        self.path(format!("regions/{}/addresses/{}", segment(region), segment(name))).await
    }
}
