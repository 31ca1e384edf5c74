//! Operations: what every change answers with (<https://cloud.google.com/compute/docs/api/how-tos/api-requests-responses>).

use jiff::Timestamp;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) operation_type: String,
    /// The address of the zone, where the operation is of one.
    #[serde(default)]
    pub(crate) zone: Option<String>,
    #[serde(default)]
    pub(crate) region: Option<String>,
    /// The id of what it works on: of this very incarnation, not of the next of the same name.
    #[serde(default)]
    pub(crate) target_id: Option<String>,
    #[serde(default)]
    pub(crate) insert_time: Option<Timestamp>,
    #[serde(default)]
    pub(crate) http_error_status_code: Option<u16>,
    #[serde(default)]
    pub(crate) error: Option<OperationErrors>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct OperationErrors {
    #[serde(default)]
    pub(crate) errors: Vec<OperationError>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct OperationError {
    #[serde(default)]
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) message: String,
}
