//! Images: the systems that Hetzner offers, and snapshots.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::page::paged;

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Image {
    pub(crate) id: u64,
    pub(crate) r#type: String,
    pub(crate) status: String,
    pub(crate) name: Option<String>,
    pub(crate) description: String,
    pub(crate) image_size: Option<f64>,
    pub(crate) disk_size: f64,
    pub(crate) created: Timestamp,
    pub(crate) created_from: Option<CreatedFrom>,
    pub(crate) architecture: String,
    pub(crate) deprecated: Option<String>,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CreatedFrom {
    pub(crate) id: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ImageResponse {
    pub(crate) image: Image,
}

paged!(ImageList, images, Image);
