//! Zones, machine types, accelerators, images for sale, and the price list of Cloud Billing.

use cloud_http::segment;
use cloud_types::Result;

use super::{Api, PER_PAGE, all_pages};
use crate::wire::{AcceleratorType, Aggregated, Image, List, MachineType, Region, Sku, SkuList, Zone};

impl Api {
    pub(crate) async fn regions(&self) -> Result<Vec<Region>> {
        self.list::<List<Region>>("list_regions", "regions", "").await
    }

    pub(crate) async fn zones(&self) -> Result<Vec<Zone>> {
        self.list::<List<Zone>>("list_zones", "zones", "").await
    }

    pub(crate) async fn machine_types(&self) -> Result<Vec<MachineType>> {
        self.list::<Aggregated<MachineType>>("list_machine_types", "aggregated/machineTypes", "").await
    }

    pub(crate) async fn accelerator_types(&self) -> Result<Vec<AcceleratorType>> {
        self.list::<Aggregated<AcceleratorType>>("list_gpus", "aggregated/acceleratorTypes", "").await
    }

    pub(crate) async fn machine_types_in(&self, zone: &str) -> Result<Vec<MachineType>> {
        let rest = format!("zones/{}/machineTypes", segment(zone));
        self.list::<List<MachineType>>("list_machine_types", &rest, "").await
    }

    pub(crate) async fn accelerator_types_in(&self, zone: &str) -> Result<Vec<AcceleratorType>> {
        let rest = format!("zones/{}/acceleratorTypes", segment(zone));
        self.list::<List<AcceleratorType>>("list_gpus", &rest, "").await
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
        let request = || self.billing.get("get_prices", &path).query("pageSize", 5000).query("currencyCode", "USD");
        all_pages::<SkuList>(request).await
    }
}

/// The id of Compute Engine among Google's services.
const COMPUTE_ENGINE: &str = "6F81-5844-456A";
