//! `/addresses` (<https://cloud.google.com/compute/docs/reference/rest/v1/addresses>).

use cloud_http::segment;
use cloud_types::Result;

use super::Api;
use crate::wire::{Address, Aggregated, CreateAddress, Operation};

impl Api {
    pub(crate) async fn create_address(&self, region: &str, body: &CreateAddress<'_>) -> Result<Operation> {
        let path = self.path(format!("regions/{}/addresses", segment(region))).await?;
        self.change("reserve_address", path).json(body).send().await
    }

    pub(crate) async fn get_address(&self, region: &str, name: &str) -> Result<Address> {
        self.compute.get("get_address", self.address(region, name).await?).send().await
    }

    /// The reserved addresses of all regions.
    pub(crate) async fn all_addresses(&self) -> Result<Vec<Address>> {
        self.list::<Aggregated<Address>>("list_addresses", "aggregated/addresses", "").await
    }

    pub(crate) async fn delete_address(&self, region: &str, name: &str) -> Result<Operation> {
        self.removal("release_address", self.address(region, name).await?).send().await
    }

    async fn address(&self, region: &str, name: &str) -> Result<String> {
        self.path(format!("regions/{}/addresses/{}", segment(region), segment(name))).await
    }
}
