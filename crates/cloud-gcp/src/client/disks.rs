//! `/disks` (<https://cloud.google.com/compute/docs/reference/rest/v1/disks>).

use cloud_http::segment;
use cloud_types::Result;

use super::Api;
use crate::place::Place;
use crate::wire::{Aggregated, CreateDisk, Disk, Operation, ResizeDisk, SetLabels};

impl Api {
    pub(crate) async fn create_disk(&self, zone: &str, body: &CreateDisk<'_>) -> Result<Operation> {
        let path = self.path(format!("zones/{}/disks", segment(zone))).await?;
        self.change("create_volume", path).json(body).send().await
    }

    pub(crate) async fn get_disk(&self, disk: &Place) -> Result<Disk> {
        self.compute.get("get_volume", self.disk_path(disk).await?).send().await
    }

    pub(crate) async fn all_disks(&self, filter: &str) -> Result<Vec<Disk>> {
        self.list::<Aggregated<Disk>>("list_volumes", "aggregated/disks", filter).await
    }

    pub(crate) async fn resize_disk(&self, disk: &Place, body: &ResizeDisk) -> Result<Operation> {
        let path = format!("{}/resize", self.disk_path(disk).await?);
        self.change("grow_volume", path).json(body).send().await
    }

    /// Replaces all labels; a stale fingerprint is a `Conflict`.
    pub(crate) async fn set_disk_labels(&self, disk: &Place, body: &SetLabels<'_>) -> Result<Operation> {
        let path = format!("{}/setLabels", self.disk_path(disk).await?);
        self.change("label_volume", path).json(body).send().await
    }

    pub(crate) async fn delete_disk(&self, disk: &Place) -> Result<Operation> {
        self.removal("delete_volume", self.disk_path(disk).await?).send().await
    }

    /// The path of a disk type, which a disk names in full.
    pub(crate) async fn disk_type_path(&self, zone: &str, name: &str) -> Result<String> {
        self.path(format!("zones/{}/diskTypes/{}", segment(zone), segment(name))).await
    }

    /// The path of a disk.
    pub(crate) async fn disk_path(&self, disk: &Place) -> Result<String> {
        self.path(format!("zones/{}/disks/{}", segment(&disk.zone), segment(&disk.name))).await
    }
}
