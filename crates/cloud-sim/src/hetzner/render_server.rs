//! Servers as the API writes them: the largest of its objects, and the one that lists are full of.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use cloud_world::{Host, Labels, World};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::labels::Selector;
use super::{render, server_types, words};

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
                .map(|firewall| (firewall.id, render::selectors(firewall)))
                .collect(),
        }
    }

    pub(super) fn server(&self, host: &'w Host) -> Server<'w> {
        let world = self.world;
        Server {
            id: host.id,
            name: &host.name,
            status: words::status(host.state),
            created: render::moment(host.created),
            public_net: self.public_net(host),
            private_net: [],
            server_type: self.shared(&host.machine, || server_types::named(world, &host.machine, self.now)),
            location: self.shared(&host.region, || render::location_named(world, &host.region)),
            image: self.shared(&format!("#{}", host.image), || {
                world.images.find(host.image).map_or(Value::Null, render::image)
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
                "ip": render::ip(address),
                "blocked": false,
                "dns_ptr": render::reverse_name_v4(address),
            })
        });
        let ipv6 = address(host.ipv6).map(|address| {
            json!({
                "id": address.id,
                "ip": render::ip(address),
                "blocked": false,
                "dns_ptr": render::reverse_names(address),
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
