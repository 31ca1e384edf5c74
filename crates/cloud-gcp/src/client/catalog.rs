//! Zones, machine types, accelerators, images for sale, and the price list of Cloud Billing.

use cloud_http::segment;
use cloud_types::Result;

use super::{Api, PER_PAGE, all_pages};
use crate::wire::{AcceleratorType, Aggregated, Image, List, MachineType, Region, Sku, SkuList, Zone};

impl Api {
    pub(crate) async fn regions(&self) -> Result<Vec<Region>> {
        let path = self.path("regions").await?;
        all_pages::<List<Region>>(|| self.compute.get("list_regions", &path).query("maxResults", PER_PAGE)).await
    }

    pub(crate) async fn zones(&self) -> Result<Vec<Zone>> {
        let path = self.path("zones").await?;
        all_pages::<List<Zone>>(|| self.compute.get("list_zones", &path).query("maxResults", PER_PAGE)).await
    }

    pub(crate) async fn machine_types(&self) -> Result<Vec<MachineType>> {
        let path = self.path("aggregated/machineTypes").await?;
        all_pages::<Aggregated<MachineType>>(|| {
            self.compute.get("list_machine_types", &path).query("maxResults", PER_PAGE)
        })
        .await
    }

    pub(crate) async fn accelerator_types(&self) -> Result<Vec<AcceleratorType>> {
        let path = self.path("aggregated/acceleratorTypes").await?;
        all_pages::<Aggregated<AcceleratorType>>(|| self.compute.get("list_gpus", &path).query("maxResults", PER_PAGE))
            .await
    }

    pub(crate) async fn machine_types_in(&self, zone: &str) -> Result<Vec<MachineType>> {
        let path = self.path(format!("zones/{}/machineTypes", segment(zone))).await?;
        all_pages::<List<MachineType>>(|| self.compute.get("list_machine_types", &path).query("maxResults", PER_PAGE))
            .await
    }

    pub(crate) async fn accelerator_types_in(&self, zone: &str) -> Result<Vec<AcceleratorType>> {
        let path = self.path(format!("zones/{}/acceleratorTypes", segment(zone))).await?;
        all_pages::<List<AcceleratorType>>(|| self.compute.get("list_gpus", &path).query("maxResults", PER_PAGE)).await
    }

    /// The images of a project that are not deprecated.
    pub(crate) async fn images(&self, project: &str) -> Result<Vec<Image>> {
        let path = format!("projects/{}/global/images", segment(project));
        all_pages::<List<Image>>(|| self.compute.get("list_images", &path).query("maxResults", PER_PAGE)).await
    }

    /// All prices of Compute Engine in US dollars
    /// (<https://cloud.google.com/billing/docs/reference/rest/v1/services.skus/list>).
    pub(crate) async fn prices(&self) -> Result<Vec<Sku>> {
        let path = format!("v1/services/{COMPUTE_ENGINE}/skus");
        all_pages::<SkuList>(|| {
            self.billing.get("get_prices", &path).query("pageSize", 5000).query("currencyCode", "USD")
        })
        .await
    }
}

/// The id of Compute Engine among Google's services.
const COMPUTE_ENGINE: &str = "6F81-5844-456A";
