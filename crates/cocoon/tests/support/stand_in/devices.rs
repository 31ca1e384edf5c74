//! The devices of a VM that runs: their names, places on the bus, and counters.

use serde_json::{Map, Value, json};

/// The devices of one run.
#[derive(Debug, Default)]
pub struct Devices {
    tree: Map<String, Value>,
    counters: Map<String, Value>,
    slots: u64,
    bars: u64,
}

impl Devices {
    /// Those of a configuration, whose devices get the names that they lack.
    pub fn of(config: &mut Value) -> Self {
        let mut devices = Self::default();
        for legacy in ["__serial", "__ioapic"] {
            devices.tree.insert(legacy.to_owned(), json!({"id": legacy, "resources": [], "children": []}));
        }
        for disk in config.get_mut("disks").and_then(Value::as_array_mut).into_iter().flatten() {
            devices.add_disk(disk);
        }
        for net in config.get_mut("net").and_then(Value::as_array_mut).into_iter().flatten() {
            devices.add_net(net);
        }
        let random =
            json!({"index": 0, "base": 70_368_735_789_056_u64, "size": BAR, "type_": "Mmio64", "prefetchable": false});
        devices.plug("__rng", &random);
        devices
    }

    /// Adds a disk, and answers its name and its place.
    pub fn add_disk(&mut self, disk: &mut Value) -> Value {
        let id = self.name(disk, "_disk");
        self.counters.insert(id.clone(), unused());
        let bar = self.next_bar();
        let place = self.plug(&id, &bar);
        json!({"id": id, "bdf": place})
    }

    /// Adds a network card, and answers its name and its place.
    pub fn add_net(&mut self, net: &mut Value) -> Value {
        let id = self.name(net, "_net");
        let bar = self.next_bar();
        let place = self.plug(&id, &bar);
        json!({"id": id, "bdf": place})
    }

    pub fn has(&self, id: &str) -> bool {
        self.tree.contains_key(id)
    }

    pub fn tree(&self) -> &Map<String, Value> {
        &self.tree
    }

    /// Those of a device stay until the guest has let go of it.
    pub fn counters(&self) -> &Map<String, Value> {
        &self.counters
    }

    fn name(&self, device: &mut Value, prefix: &str) -> String {
        let given = device["id"].as_str().map(str::to_owned);
        let free = || (0..).map(|number| format!("{prefix}{number}")).find(|id| !self.has(id));
        let id = given.or_else(free).expect("numbers do not end");
        device["id"] = json!(id);
        id
    }

    fn next_bar(&mut self) -> Value {
        let base = 3_891_789_824 - self.bars * BAR;
        self.bars += 1;
        json!({"index": 0, "base": base, "size": BAR, "type_": "Mmio32", "prefetchable": false})
    }

    fn plug(&mut self, id: &str, bar: &Value) -> String {
        self.slots += 1;
        let (place, transport) = (format!("0000:00:{:02x}.0", self.slots), format!("_virtio-pci-{id}"));
        let outer = json!({"id": transport, "resources": [{"PciBar": bar}], "children": [id], "pci_bdf": place});
        let inner = json!({"id": id, "resources": [], "parent": transport, "children": []});
        self.tree.insert(transport, outer);
        self.tree.insert(id.to_owned(), inner);
        place
    }
}

const BAR: u64 = 524_288;

/// What a disk counts that nobody has used.
fn unused() -> Value {
    json!({
        "read_bytes": 0, "read_ops": 0, "write_bytes": 0, "write_ops": 0,
        "read_latency_min": u64::MAX, "read_latency_max": u64::MAX, "read_latency_avg": u64::MAX / 10_000,
        "write_latency_min": u64::MAX, "write_latency_max": u64::MAX, "write_latency_avg": u64::MAX / 10_000,
    })
}
