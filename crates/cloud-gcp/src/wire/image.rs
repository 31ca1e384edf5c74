//! Images (<https://cloud.google.com/compute/docs/reference/rest/v1/images>).

use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Image {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) self_link: String,
    #[serde(default)]
    pub(crate) description: String,
    pub(crate) architecture: Option<String>,
    pub(crate) disk_size_gb: Option<String>,
    pub(crate) deprecated: Option<super::machine::Deprecation>,
}
