//! `/global/snapshots` and `/global/images` (<https://cloud.google.com/compute/docs/reference/rest/v1/snapshots>).

use cloud_http::segment;
use cloud_types::Result;

use super::Api;
use crate::wire::{CreateSnapshot, Image, List, Operation, Snapshot};

impl Api {
    pub(crate) async fn create_snapshot(&self, body: &CreateSnapshot<'_>) -> Result<Operation> {
        self.change("create_snapshot", self.path("global/snapshots").await?).json(body).send().await
    }

    pub(crate) async fn get_snapshot(&self, name: &str) -> Result<Snapshot> {
        self.compute.get("get_snapshot", self.snapshot_path(name).await?).send().await
    }

    pub(crate) async fn all_snapshots(&self, filter: &str) -> Result<Vec<Snapshot>> {
        self.list::<List<Snapshot>>("list_snapshots", "global/snapshots", filter).await
    }

    pub(crate) async fn delete_snapshot(&self, name: &str) -> Result<Operation> {
        self.removal("delete_snapshot", self.snapshot_path(name).await?).send().await
    }

    /// The newest image of a family that is not deprecated.
    pub(crate) async fn image_of_family(&self, project: &str, family: &str) -> Result<Image> {
        let path = format!("projects/{}/global/images/family/{}", segment(project), segment(family));
        self.image_at(&path).await
    }

    /// An image by its whole path, such as `projects/debian-cloud/global/images/debian-12-bookworm-v20260101`.
    pub(crate) async fn image_at(&self, path: &str) -> Result<Image> {
        self.compute.get("get_image", path).send().await
    }

    /// The path of a snapshot.
    pub(crate) async fn snapshot_path(&self, name: &str) -> Result<String> {
        self.path(format!("global/snapshots/{}", segment(name))).await
    }

    /// The path of an image of the own project.
    pub(crate) async fn own_image(&self, name: &str) -> Result<String> {
        self.path(format!("global/images/{}", segment(name))).await
    }
}
