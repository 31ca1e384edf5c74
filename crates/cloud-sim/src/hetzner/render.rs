//! The world's things as the API writes them.

use cloud_world::{
    Action, Address, AddressVersion, Architecture, Firewall, Image, ImageKind, ImageStatus, Region, SshKey, Volume,
    VolumeStatus, World,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::labels::Selector;
use super::{actions, words};

/// A moment, to the second.
pub(super) fn moment(timestamp: Timestamp) -> String {
    let seconds = Timestamp::from_second(timestamp.as_second()).unwrap_or(timestamp);
    seconds.to_string()
}

pub(super) fn action(action: &Action, now: Timestamp) -> Value {
    let resources: Vec<Value> =
        action.resources.iter().map(|(kind, id)| json!({"id": id, "type": words::kind(*kind)})).collect();
    let error = action.error.as_ref().map(|error| json!({"code": error.code, "message": error.message}));
    json!({
        "id": action.id,
        "command": words::command(action.command),
        "status": actions::status(action),
        "progress": action.progress(now),
        "started": moment(action.started),
        "finished": action.finished().map(moment),
        "resources": resources,
        "error": error,
    })
}

pub(super) fn ssh_key(key: &SshKey) -> Value {
    json!({
        "id": key.id,
        "name": key.name,
        "fingerprint": key.fingerprint,
        "public_key": key.public_key,
        "labels": key.labels,
        "created": moment(key.created),
    })
}

pub(super) fn location(region: &Region) -> Value {
    let (latitude, longitude) = region.position;
    json!({
        "id": region.id,
        "name": region.name,
        "description": region.description,
        "country": region.country,
        "city": region.city,
        "latitude": latitude,
        "longitude": longitude,
        "network_zone": region.network_zone,
    })
}

pub(super) fn location_named(world: &World, name: &str) -> Value {
    world.catalog.region(name).map_or(Value::Null, location)
}

pub(super) fn volume(volume: &Volume, world: &World) -> Value {
    let status = match volume.status {
        VolumeStatus::Creating => "creating",
        VolumeStatus::Available => "available",
    };
    json!({
        "id": volume.id,
        "name": volume.name,
        "created": moment(volume.created),
        "server": volume.host,
        "location": location_named(world, &volume.region),
        "size": volume.size_gb,
        "linux_device": format!("/dev/disk/by-id/scsi-0HC_Volume_{}", volume.id),
        "protection": {"delete": volume.protected},
        "labels": volume.labels,
        "status": status,
        "format": volume.format,
    })
}

pub(super) fn primary_ip(address: &Address, world: &World) -> Value {
    json!({
        "id": address.id,
        "name": address.name,
        "type": address_type(address.version),
        "ip": ip(address),
        "assignee_id": address.host,
        "assignee_type": "server",
        "auto_delete": address.auto_delete,
        "blocked": false,
        "created": moment(address.created),
        "dns_ptr": reverse_names(address),
        "labels": address.labels,
        "location": location_named(world, &address.region),
        "protection": {"delete": address.protected},
    })
}

pub(super) fn address_type(version: AddressVersion) -> &'static str {
    match version {
        AddressVersion::V4 => "ipv4",
        AddressVersion::V6 => "ipv6",
    }
}

pub(super) fn ip(address: &Address) -> String {
    match address.version {
        AddressVersion::V4 => address.ip.to_string(),
        AddressVersion::V6 => format!("{}/64", address.ip),
    }
}

/// An IPv4 address always has a reverse name, an IPv6 network only those that were set.
pub(super) fn reverse_names(address: &Address) -> Vec<Value> {
    match address.version {
        AddressVersion::V4 => {
            vec![json!({"ip": ip(address), "dns_ptr": reverse_name_v4(address)})]
        }
        AddressVersion::V6 => {
            address.reverse_names.iter().map(|(ip, name)| json!({"ip": ip, "dns_ptr": name})).collect()
        }
    }
}

pub(super) fn reverse_name_v4(address: &Address) -> String {
    let set = address.reverse_names.get(&address.ip).cloned();
    set.unwrap_or_else(|| {
        let parts = address.ip.to_string();
        let reversed: Vec<&str> = parts.rsplit('.').collect();
        format!("static.{}.clients.your-server.de", reversed.join("."))
    })
}

pub(super) fn image(image: &Image) -> Value {
    let kind = image_type(image.kind);
    let status = match image.status {
        ImageStatus::Creating => "creating",
        ImageStatus::Available => "available",
    };
    let created_from = image.created_from.as_ref().map(|(id, name)| json!({"id": id, "name": name}));
    json!({
        "id": image.id,
        "type": kind,
        "status": status,
        "name": image.name,
        "description": image.description,
        "image_size": image.size_centi_gb.map(|size| size as f64 / 100.0),
        "disk_size": image.disk_gb,
        "created": moment(image.created),
        "created_from": created_from,
        "bound_to": image.bound_to,
        "os_flavor": image.os,
        "os_version": image.os_version,
        "architecture": architecture(image.architecture),
        "rapid_deploy": image.kind == ImageKind::Stock,
        "protection": {"delete": image.protected},
        "deprecated": image.deprecated.map(moment),
        "deleted": null,
        "labels": image.labels,
    })
}

pub(super) fn image_type(kind: ImageKind) -> &'static str {
    match kind {
        ImageKind::Stock => "system",
        ImageKind::Snapshot => "snapshot",
        ImageKind::Backup => "backup",
    }
}

pub(super) fn architecture(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86 => "x86",
        Architecture::Arm => "arm",
    }
}

pub(super) fn selectors(firewall: &Firewall) -> Vec<Selector> {
    firewall.selectors.iter().filter_map(|text| Selector::parse(text)).collect()
}
