//! Machine types, accelerators and places (<https://cloud.google.com/compute/docs/reference/rest/v1/machineTypes>).

use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MachineType {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) zone: String,
    pub(crate) guest_cpus: u32,
    pub(crate) memory_mb: u64,
    #[serde(default)]
    pub(crate) is_shared_cpu: bool,
    pub(crate) architecture: Option<String>,
    #[serde(default)]
    pub(crate) accelerators: Vec<MachineAccelerator>,
    pub(crate) deprecated: Option<Deprecation>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct MachineAccelerator {
    pub(crate) guest_accelerator_type: String,
    pub(crate) guest_accelerator_count: u32,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Deprecation {
    pub(crate) state: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AcceleratorType {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) zone: String,
    pub(crate) maximum_cards_per_instance: Option<u32>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Region {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Zone {
    pub(crate) name: String,
    pub(crate) region: String,
    #[serde(default)]
    pub(crate) status: String,
}
