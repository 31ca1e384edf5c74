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
    pub(crate) zone: Option<String>,
    pub(crate) region: Option<String>,
    /// The id of what it works on: of this very incarnation, not of the next of the same name.
    pub(crate) target_id: Option<String>,
    pub(crate) insert_time: Option<Timestamp>,
    pub(crate) http_error_status_code: Option<u16>,
    pub(crate) error: Option<OperationErrors>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OperationErrors {
    pub(crate) errors: Vec<OperationError>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OperationError {
    pub(crate) code: String,
    pub(crate) message: String,
}
