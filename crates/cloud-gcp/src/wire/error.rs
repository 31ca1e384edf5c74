//! The body of an answer that is an error (<https://cloud.google.com/compute/docs/api/troubleshooting-errors>).

use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(crate) struct ErrorResponse {
    pub(crate) error: ErrorBody,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorBody {
    pub(crate) message: String,
    /// The canonical status in words, such as `PERMISSION_DENIED`: newer faces of the API send it.
    pub(crate) status: Option<String>,
    pub(crate) errors: Vec<ErrorItem>,
    pub(crate) details: Vec<ErrorDetail>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorItem {
    pub(crate) reason: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorDetail {
    pub(crate) reason: Option<String>,
}
