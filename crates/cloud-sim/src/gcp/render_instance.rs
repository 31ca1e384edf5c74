//! An instance as answers show it.

use cloud_world::{Command, Host, HostState};
use serde_json::{Map, Value, json};

use super::api::{self, Api};
use super::{fingerprint, images, ledger, links};

/// The whole instance.
pub(super) fn instance(api: &Api<'_>, host: &Host) -> Value {
    let (project, zone) = (api.project(), host.zone.as_str());
    let blank = ledger::Instance::default();
    let notes = api.ledger.instances.get(&host.id).unwrap_or(&blank);
    let mut shown = Value::Object(notes.echo.clone());
    let items: Vec<Value> = notes.metadata.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    let mut metadata = json!({"kind": "compute#metadata", "fingerprint": fingerprint::of(&notes.metadata)});
    if !items.is_empty() {
        metadata["items"] = Value::Array(items);
    }
    let mut tags = json!({"fingerprint": fingerprint::of(&notes.tags)});
    if !notes.tags.is_empty() {
        tags["items"] = json!(notes.tags);
    }
    let fields = json!({
        "kind": "compute#instance",
        "id": host.id.to_string(),
        "name": host.name,
        "creationTimestamp": api::moment(host.created),
        "machineType": links::full(&links::zonal(project, zone, "machineTypes", &host.machine)),
        "status": status(api, host),
        "zone": links::full(&format!("projects/{project}/zones/{zone}")),
        "selfLink": links::full(&links::zonal(project, zone, "instances", &host.name)),
        "cpuPlatform": "Intel Broadwell",
        "metadata": metadata,
        "tags": tags,
        "labelFingerprint": fingerprint::of(&host.labels),
        "fingerprint": fingerprint::of(&(host.id, &host.machine, &host.labels, &notes.tags)),
        "scheduling": notes.scheduling,
        "disks": disks(api, host),
        "networkInterfaces": [interface(api, host, notes)],
        "deletionProtection": host.protection.delete,
        "startRestricted": false,
    });
    merge(&mut shown, fields);
    if !host.labels.is_empty() {
        shown["labels"] = json!(host.labels);
    }
    let starts = notes.last_start.filter(|_| host.state != HostState::Initializing);
    for (name, moment) in [("lastStartTimestamp", starts), ("lastStopTimestamp", notes.last_stop)] {
        if let Some(moment) = moment {
            shown[name] = json!(api::moment(moment));
        }
    }
    shown
}

/// TERMINATED is what a stopped instance is called here.
fn status(api: &Api<'_>, host: &Host) -> &'static str {
    match host.state {
        HostState::Initializing => "PROVISIONING",
        HostState::Starting => "STAGING",
        HostState::Running => "RUNNING",
        HostState::Stopping if is_suspending(api, host) => "SUSPENDING",
        HostState::Stopping | HostState::Deleting => "STOPPING",
        HostState::Off | HostState::Migrating | HostState::Preempted | HostState::Failed => "TERMINATED",
        HostState::Rebuilding => "REPAIRING",
        HostState::Suspended => "SUSPENDED",
    }
}

fn is_suspending(api: &Api<'_>, host: &Host) -> bool {
    let mut actions = host.busy.iter().filter_map(|action| api.world.actions.get(action));
    actions.any(|action| action.command == Command::SuspendHost)
}

fn disks(api: &Api<'_>, host: &Host) -> Vec<Value> {
    let mut volumes: Vec<_> = host.volumes.iter().filter_map(|id| api.world.volumes.find(*id).ok()).collect();
    volumes.sort_by_key(|volume| !volume.boot);
    let architecture =
        api.world.catalog.machine(&host.machine).map(|machine| images::architecture(machine.architecture));
    let rendered = volumes.iter().enumerate().map(|(at, volume)| {
        let notes = api.ledger.disks.get(&volume.id).cloned().unwrap_or_default();
        let mut shown = json!({
            "kind": "compute#attachedDisk",
            "type": "PERSISTENT",
            "mode": notes.mode.as_deref().unwrap_or("READ_WRITE"),
            "source": links::full(&links::zonal(api.project(), &host.zone, "disks", &volume.name)),
            "deviceName": notes.device,
            "index": at,
            "boot": volume.boot,
            "autoDelete": volume.auto_delete,
            "interface": if notes.class.starts_with("hyperdisk-") { "NVME" } else { "SCSI" },
            "diskSizeGb": volume.size_gb.to_string(),
        });
        if let (true, Some(architecture)) = (volume.boot, architecture) {
            shown["architecture"] = json!(architecture);
        }
        shown
    });
    rendered.collect()
}

fn interface(api: &Api<'_>, host: &Host, notes: &ledger::Instance) -> Value {
    let subnet = links::regional(api.project(), &host.region, "subnetworks", "default");
    let number = host.id % (256 * 250);
    let mut shown = Value::Object(notes.interface.clone());
    let fields = json!({
        "kind": "compute#networkInterface",
        "name": "nic0",
        "subnetwork": links::full(&subnet),
        "networkIP": format!("10.128.{}.{}", number / 250, number % 250 + 2),
        "fingerprint": fingerprint::of(&(host.id, host.ipv4)),
    });
    merge(&mut shown, fields);
    if let Some(access) = &notes.access {
        shown["accessConfigs"] = json!([access_config(api, host, access)]);
    }
    if let Some(address) = host.ipv6.and_then(|id| api.world.addresses.find(id).ok()) {
        shown["ipv6AccessConfigs"] = json!([{
            "kind": "compute#accessConfig",
            "type": "DIRECT_IPV6",
            "name": "external-ipv6",
            "externalIpv6": address.ip.to_string(),
            "externalIpv6PrefixLength": 96,
            "networkTier": "PREMIUM",
        }]);
        shown["ipv6AccessType"] = json!("EXTERNAL");
    }
    shown
}

/// A stopped instance has given its ephemeral address back.
fn access_config(api: &Api<'_>, host: &Host, sent: &Map<String, Value>) -> Value {
    let text = |name: &str, default: &str| sent.get(name).cloned().unwrap_or_else(|| json!(default));
    let mut shown = json!({
        "kind": "compute#accessConfig",
        "type": "ONE_TO_ONE_NAT",
        "name": text("name", "External NAT"),
        "networkTier": text("networkTier", "PREMIUM"),
    });
    let stopped =
        matches!(host.state, HostState::Off | HostState::Suspended | HostState::Migrating | HostState::Preempted);
    let address = host.ipv4.and_then(|id| api.world.addresses.find(id).ok());
    if let Some(address) = address.filter(|address| !stopped || !address.auto_delete) {
        shown["natIP"] = json!(address.ip.to_string());
    }
    shown
}

fn merge(into: &mut Value, fields: Value) {
    if let (Value::Object(into), Value::Object(fields)) = (into, fields) {
        into.extend(fields);
    }
}
