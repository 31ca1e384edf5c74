//! A VM's configuration with the program's defaults, as `vm.info` shows it.

use serde_json::{Map, Value, json};

/// The configuration with all that was left out.
pub fn complete(config: &Value) -> Value {
    let mut whole = json!({
        "cpus": {"boot_vcpus": 1, "max_vcpus": 1, "kvm_hyperv": false, "max_phys_bits": 46, "features": {"amx": false},
            "nested": true, "core_scheduling": "Vm", "profile": "Host"},
        "memory": {"size": 512 << 20, "mergeable": false, "hotplug_method": "Acpi", "shared": false, "hugepages": false,
            "prefault": false, "reserve": false, "thp": true},
        "rng": {"pci_segment": 0, "src": "/dev/urandom"},
        "serial": {"mode": "Null"},
        "console": {"mode": "Tty", "pci_segment": 0},
        "debug_console": {"mode": "Off", "iobase": 233},
        "pvpanic": false, "iommu": false, "watchdog": false, "landlock_enable": false,
    });
    for (key, value) in config.as_object().into_iter().flatten() {
        match whole.get_mut(key) {
            Some(Value::Object(defaults)) => lay_over(defaults, value),
            _ => whole[key] = value.clone(),
        }
    }
    for device in whole.get_mut("disks").and_then(Value::as_array_mut).into_iter().flatten() {
        *device = disk(device);
    }
    whole
}

/// A disk with all that was left out.
pub fn disk(disk: &Value) -> Value {
    let mut whole = json!({
        "pci_segment": 0, "readonly": false, "direct": false, "num_queues": 1, "queue_size": 128, "vhost_user": false,
        "disable_io_uring": false, "disable_aio": false, "backing_files": false, "sparse": true, "image_type": "Unknown",
        "lock_granularity": "ByteRange",
    });
    lay_over(whole.as_object_mut().expect("made as one"), disk);
    whole
}

fn lay_over(defaults: &mut Map<String, Value>, value: &Value) {
    for (key, value) in value.as_object().into_iter().flatten() {
        defaults.insert(key.clone(), value.clone());
    }
}
