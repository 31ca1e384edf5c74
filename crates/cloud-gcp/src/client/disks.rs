//! `/disks` (<https://cloud.google.com/compute/docs/reference/rest/v1/disks>).

use std::collections::BTreeMap;

use cloud_http::segment;
use cloud_types::Result;

use super::{Api, PER_PAGE, all_pages, request_id};
use crate::wire::{Aggregated, CreateDisk, Disk, Operation, ResizeDisk, SetLabels};

impl Api {
    pub(crate) async fn create_disk(&self, zone: &str, body: &CreateDisk<'_>) -> Result<Operation> {
        let path = self.path(format!("zones/{}/disks", segment(zone))).await?;
        let request = self.compute.post("create_volume", path).query("requestId", request_id());
        request.repeatable().json(body).send().await
    }

    pub(crate) async fn get_disk(&self, zone: &str, name: &str) -> Result<Disk> {
        self.compute.get("get_volume", self.disk(zone, name).await?).send().await
    }

    pub(crate) async fn all_disks(&self, filter: &str) -> Result<Vec<Disk>> {
        let path = self.path("aggregated/disks").await?;
        all_pages::<Aggregated<Disk>>(|| {
            self.compute.get("list_volumes", &path).query("maxResults", PER_PAGE).query("filter", filter)
        })
        .await
    }

    pub(crate) async fn resize_disk(&self, zone: &str, name: &str, gib: u32) -> Result<Operation> {
        let path = format!("{}/resize", self.disk(zone, name).await?);
        let request = self.compute.post("grow_volume", path).query("requestId", request_id());
        request.repeatable().json(&ResizeDisk { size_gb: gib.to_string() }).send().await
    }

    /// Replaces all labels; a stale fingerprint is a `Conflict`.
    pub(crate) async fn set_disk_labels(&self, disk: &Disk, labels: &BTreeMap<String, String>) -> Result<Operation> {
        let zone = crate::convert::last(&disk.zone);
        let path = format!("{}/setLabels", self.disk(zone, &disk.name).await?);
        let request = self.compute.post("label_volume", path).query("requestId", request_id());
        request.repeatable().json(&SetLabels { labels, label_fingerprint: &disk.label_fingerprint }).send().await
    }

    pub(crate) async fn delete_disk(&self, zone: &str, name: &str) -> Result<Operation> {
        let request = self.compute.delete("delete_volume", self.disk(zone, name).await?);
        request.query("requestId", request_id()).send().await
    }

    /// The path of a disk type, which a disk names in full.
    pub(crate) async fn disk_type_path(&self, zone: &str, name: &str) -> Result<String> {
        self.path(format!("zones/{}/diskTypes/{}", segment(zone), segment(name))).await
    }

    async fn disk(&self, zone: &str, name: &str) -> Result<String> {
        self.path(format!("zones/{}/disks/{}", segment(zone), segment(name))).await
    }
}
