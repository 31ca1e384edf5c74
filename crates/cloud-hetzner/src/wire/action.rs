//! Actions: Hetzner's long operations.

use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Action {
    pub(crate) id: u64,
    pub(crate) command: String,
    pub(crate) status: String,
    pub(crate) error: Option<ActionError>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ActionError {
    pub(crate) code: String,
    pub(crate) message: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ActionResponse {
    pub(crate) action: Action,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ActionList {
    pub(crate) actions: Vec<Action>,
}
