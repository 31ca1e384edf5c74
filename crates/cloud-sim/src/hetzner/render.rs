//! The world's things as the API writes them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use cloud_world::{
    Action, Address, AddressVersion, Architecture, Firewall, Host, Image, ImageKind, ImageStatus,
    Labels, Region, SshKey, Volume, VolumeStatus, World,
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::labels::Selector;
use super::{actions, server_types, words};

/// A moment, to the second.
pub(super) fn moment(timestamp: Timestamp) -> String {
    let seconds = Timestamp::from_second(timestamp.as_second()).unwrap_or(timestamp);
    seconds.to_string()
}

pub(super) fn action(action: &Action, now: Timestamp) -> Value {
    let resources: Vec<Value> = action
        .resources
        .iter()
        .map(|(kind, id)| json!({"id": id, "type": words::kind(*kind)}))
        .collect();
    let error = action
        .error
        .as_ref()
        .map(|error| json!({"code": error.code, "message": error.message}));
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

fn location_named(world: &World, name: &str) -> Value {
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

fn ip(address: &Address) -> String {
    match address.version {
        AddressVersion::V4 => address.ip.to_string(),
        AddressVersion::V6 => format!("{}/64", address.ip),
    }
}

/// An IPv4 address always has a reverse name, an IPv6 network only those that were set.
fn reverse_names(address: &Address) -> Vec<Value> {
    match address.version {
        AddressVersion::V4 => {
            vec![json!({"ip": ip(address), "dns_ptr": reverse_name_v4(address)})]
        }
        AddressVersion::V6 => address
            .reverse_names
            .iter()
            .map(|(ip, name)| json!({"ip": ip, "dns_ptr": name}))
            .collect(),
    }
}

fn reverse_name_v4(address: &Address) -> String {
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
    let created_from = image
        .created_from
        .as_ref()
        .map(|(id, name)| json!({"id": id, "name": name}));
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

/// Writes servers; what many of them share is written once.
pub(super) struct Servers<'w> {
    world: &'w World,
    now: Timestamp,
    shared: RefCell<HashMap<String, Rc<RawValue>>>,
    by_label: Vec<(u64, Vec<Selector>)>,
}

/// A server, with the parts that are shared between servers written already.
#[derive(Serialize)]
pub(super) struct Server<'w> {
    id: u64,
    name: &'w str,
    status: &'static str,
    created: String,
    public_net: Value,
    private_net: [(); 0],
    server_type: Rc<RawValue>,
    location: Rc<RawValue>,
    image: Rc<RawValue>,
    iso: Option<()>,
    rescue_enabled: bool,
    locked: bool,
    backup_window: Option<&'w str>,
    outgoing_traffic: u64,
    ingoing_traffic: u64,
    included_traffic: u64,
    protection: &'w cloud_world::HostProtection,
    labels: &'w Labels,
    volumes: &'w [u64],
    load_balancers: [u64; 0],
    primary_disk_size: u64,
    placement_group: Option<()>,
}

impl<'w> Servers<'w> {
    pub(super) fn new(world: &'w World, now: Timestamp) -> Self {
        Self {
            world,
            now,
            shared: RefCell::default(),
            by_label: world
                .firewalls
                .iter()
                .filter(|firewall| !firewall.selectors.is_empty())
                .map(|firewall| (firewall.id, selectors(firewall)))
                .collect(),
        }
    }

    pub(super) fn server(&self, host: &'w Host) -> Server<'w> {
        let world = self.world;
        Server {
            id: host.id,
            name: &host.name,
            status: words::status(host.state),
            created: moment(host.created),
            public_net: self.public_net(host),
            private_net: [],
            server_type: self.shared(&host.machine, || {
                server_types::named(world, &host.machine, self.now)
            }),
            location: self.shared(&host.region, || location_named(world, &host.region)),
            image: self.shared(&format!("#{}", host.image), || {
                world.images.find(host.image).map_or(Value::Null, image)
            }),
            iso: None,
            rescue_enabled: host.rescue,
            locked: host.is_locked(),
            backup_window: host.backup_window.as_deref(),
            outgoing_traffic: 0,
            ingoing_traffic: 0,
            included_traffic: server_types::INCLUDED_TRAFFIC,
            protection: &host.protection,
            labels: &host.labels,
            volumes: &host.volumes,
            load_balancers: [],
            primary_disk_size: host.boot_disk_gb,
            placement_group: None,
        }
    }

    fn shared(&self, key: &str, write: impl FnOnce() -> Value) -> Rc<RawValue> {
        if let Some(known) = self.shared.borrow().get(key) {
            return Rc::clone(known);
        }
        let text = serde_json::value::to_raw_value(&write()).expect("a value is JSON");
        let written: Rc<RawValue> = Rc::from(text);
        let mut shared = self.shared.borrow_mut();
        shared.insert(key.to_owned(), Rc::clone(&written));
        written
    }

    fn public_net(&self, host: &Host) -> Value {
        let address = |id: Option<u64>| id.and_then(|id| self.world.addresses.find(id).ok());
        let ipv4 = address(host.ipv4).map(|address| {
            json!({
                "id": address.id,
                "ip": ip(address),
                "blocked": false,
                "dns_ptr": reverse_name_v4(address),
            })
        });
        let ipv6 = address(host.ipv6).map(|address| {
            json!({
                "id": address.id,
                "ip": ip(address),
                "blocked": false,
                "dns_ptr": reverse_names(address),
            })
        });
        let firewalls: Vec<Value> = host
            .firewalls
            .iter()
            .copied()
            .chain(self.firewalls_by_label(host))
            .map(|id| json!({"id": id, "status": "applied"}))
            .collect();
        json!({"ipv4": ipv4, "ipv6": ipv6, "floating_ips": [], "firewalls": firewalls})
    }

    fn firewalls_by_label(&self, host: &Host) -> impl Iterator<Item = u64> {
        self.by_label
            .iter()
            .filter(|(id, _)| !host.firewalls.contains(id))
            .filter(|(_, selectors)| selectors.iter().any(|one| one.matches(&host.labels)))
            .map(|(id, _)| *id)
    }
}

pub(super) fn selectors(firewall: &Firewall) -> Vec<Selector> {
    firewall
        .selectors
        .iter()
        .filter_map(|text| Selector::parse(text))
        .collect()
}
