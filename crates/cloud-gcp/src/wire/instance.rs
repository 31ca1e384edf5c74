//! Instances (<https://cloud.google.com/compute/docs/reference/rest/v1/instances>).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) zone: String,
    pub(crate) machine_type: String,
    pub(crate) creation_timestamp: Option<Timestamp>,
    pub(crate) last_start_timestamp: Option<Timestamp>,
    pub(crate) last_stop_timestamp: Option<Timestamp>,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) network_interfaces: Vec<NetworkInterface>,
    #[serde(default)]
    pub(crate) disks: Vec<AttachedDisk>,
    pub(crate) scheduling: Option<SchedulingSeen>,
    #[serde(default)]
    pub(crate) guest_accelerators: Vec<AcceleratorSeen>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct NetworkInterface {
    #[serde(rename = "networkIP")]
    pub(crate) network_ip: Option<String>,
    pub(crate) ipv6_address: Option<String>,
    pub(crate) access_configs: Vec<AccessConfigSeen>,
    pub(crate) ipv6_access_configs: Vec<AccessConfigSeen>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AccessConfigSeen {
    #[serde(rename = "natIP")]
    pub(crate) nat_ip: Option<String>,
    pub(crate) external_ipv6: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AttachedDisk {
    pub(crate) source: String,
    pub(crate) boot: bool,
    pub(crate) auto_delete: bool,
    pub(crate) device_name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct SchedulingSeen {
    pub(crate) provisioning_model: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AcceleratorSeen {
    pub(crate) accelerator_type: String,
    pub(crate) accelerator_count: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateInstance<'a> {
    pub(crate) name: &'a str,
    pub(crate) machine_type: String,
    pub(crate) labels: &'a BTreeMap<String, String>,
    pub(crate) disks: Vec<NewDisk<'a>>,
    pub(crate) network_interfaces: Vec<NewNetworkInterface<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tags: Option<Tags>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<Metadata<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) guest_accelerators: Vec<Accelerator>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scheduling: Option<Scheduling>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewDisk<'a> {
    pub(crate) boot: bool,
    pub(crate) auto_delete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device_name: Option<String>,
    /// A disk that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<&'a str>,
    /// A disk to be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) initialize_params: Option<InitializeParams<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InitializeParams<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) disk_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_image: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_snapshot: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) disk_size_gb: Option<String>,
    pub(crate) disk_type: String,
    pub(crate) labels: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewNetworkInterface<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) network: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subnetwork: Option<&'a str>,
    pub(crate) access_configs: Vec<AccessConfig<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccessConfig<'a> {
    pub(crate) name: &'static str,
    pub(crate) r#type: &'static str,
    /// A reserved address.
    #[serde(rename = "natIP", skip_serializing_if = "Option::is_none")]
    pub(crate) nat_ip: Option<&'a str>,
    /// Must be that of the reserved address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) network_tier: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Tags {
    pub(crate) items: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct Metadata<'a> {
    pub(crate) items: Vec<MetadataItem<'a>>,
}

/// Holds user data, so it is never printed.
impl std::fmt::Debug for Metadata<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.items.iter().map(|item| item.key)).finish()
    }
}

#[derive(Serialize)]
pub(crate) struct MetadataItem<'a> {
    pub(crate) key: &'static str,
    pub(crate) value: std::borrow::Cow<'a, str>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Accelerator {
    pub(crate) accelerator_type: String,
    pub(crate) accelerator_count: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Scheduling {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provisioning_model: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) instance_termination_action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_host_maintenance: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) automatic_restart: Option<bool>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetMachineType {
    pub(crate) machine_type: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttachDisk<'a> {
    pub(crate) source: String,
    pub(crate) device_name: &'a str,
    pub(crate) auto_delete: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SerialPortOutput {
    pub(crate) contents: String,
}
