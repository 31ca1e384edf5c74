//! Machines.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The answer to `GET /machines/{id}`.
#[derive(Debug, Deserialize)]
pub(crate) struct OneMachine {
    pub(crate) machine: Machine,
}

/// A machine.
#[derive(Debug, Deserialize)]
pub(crate) struct Machine {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) region: String,
    pub(crate) size: String,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
}
