//! `/images` (<https://docs.hetzner.cloud/reference/cloud#images>).

use cloud_types::Result;

use super::{Api, BY_ID, all_pages};
use crate::wire::{Image, ImageList, ImageResponse};

impl Api {
    pub(crate) async fn system_images(&self) -> Result<Vec<Image>> {
        let request = || {
            self.0
                .get("list_images", "images")
                .query("type", "system")
                .query("include_deprecated", true)
                .query("sort", BY_ID)
        };
        all_pages::<ImageList>(request).await
    }

    pub(crate) async fn snapshots(&self, labels: &str) -> Result<Vec<Image>> {
        let request = || {
            self.0
                .get("list_snapshots", "images")
                .query("type", "snapshot")
                .query("label_selector", labels)
                .query("sort", BY_ID)
        };
        all_pages::<ImageList>(request).await
    }

    pub(crate) async fn get_image(&self, id: u64) -> Result<Image> {
        let answer: ImageResponse = self.0.get("get_snapshot", format!("images/{id}")).send().await?;
        Ok(answer.image)
    }

    pub(crate) async fn delete_image(&self, id: u64) -> Result<()> {
        self.0.delete("delete_snapshot", format!("images/{id}")).retry_conflicts().send_empty().await
    }
}
