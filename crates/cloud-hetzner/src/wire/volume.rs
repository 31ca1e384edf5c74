//! Volumes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Action;
use super::page::paged;
use super::server::LocationRef;

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Volume {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// `creating` or `available`.
    pub(crate) status: String,
    pub(crate) created: Timestamp,
    pub(crate) server: Option<u64>,
    pub(crate) location: LocationRef,
    pub(crate) size: f64,
    pub(crate) linux_device: Option<String>,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct VolumeResponse {
    pub(crate) volume: Volume,
}

paged!(VolumeList, volumes, Volume);

#[derive(Debug, Clone, Serialize)]
pub(crate) struct CreateVolume<'a> {
    pub(crate) name: &'a str,
    pub(crate) size: u32,
    pub(crate) location: &'a str,
    pub(crate) labels: &'a BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Relabel<'a> {
    pub(crate) labels: &'a BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CreateVolumeResponse {
    pub(crate) volume: Volume,
    pub(crate) action: Option<Action>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct AttachVolume {
    pub(crate) server: u64,
    pub(crate) automount: bool,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct ResizeVolume {
    pub(crate) size: u32,
}
