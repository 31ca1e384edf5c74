//! What the families of machine types differ in.

use super::api::Api;

/// Which disks a family can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DiskFamily {
    /// Persistent disks only.
    Persistent,
    /// Hyperdisks only.
    Hyperdisk,
    /// Hyperdisks, and persistent disks but for the standard ones.
    Both,
}

/// The disks that the family of a machine type can use.
pub(super) fn disk_family(machine: &str) -> DiskFamily {
    match family(machine) {
        "c4" | "c4a" | "n4" => DiskFamily::Hyperdisk,
        "c3" | "a3" => DiskFamily::Both,
        _ => DiskFamily::Persistent,
    }
}

/// Whether a zone offers a machine type: the region does, and the newest families are not in the
/// zones that end with `f`.
pub(super) fn is_offered(api: &Api<'_>, machine: &str, zone: &str) -> bool {
    let Some(region) = api.region_of(zone) else {
        return false;
    };
    let known = api.world.catalog.machine(machine);
    let late = ["c4", "c4a", "n4", "a3"].contains(&family(machine)) && zone.ends_with("-f");
    known.is_some_and(|known| known.prices.contains_key(&region)) && !late
}

/// Whether a machine type comes with accelerators.
pub(super) fn has_gpu(api: &Api<'_>, machine: &str) -> bool {
    api.world.catalog.machine(machine).is_some_and(|machine| machine.gpu.is_some())
}

/// The accelerators that a machine type comes with, and how many.
pub(super) fn builtin_accelerator(machine: &str) -> Option<(&'static str, u32)> {
    BUILTIN.iter().find(|(name, ..)| *name == machine).map(|(_, kind, count)| (*kind, *count))
}

/// Whether there is such an accelerator.
pub(super) fn is_accelerator(name: &str) -> bool {
    ACCELERATORS.iter().any(|(known, ..)| *known == name)
}

/// The part before the first dash.
pub(super) fn family(machine: &str) -> &str {
    machine.split_once('-').map_or(machine, |(family, _)| family)
}

pub(super) const DISK_TYPES: [&str; 6] =
    ["pd-standard", "pd-balanced", "pd-ssd", "pd-extreme", "hyperdisk-balanced", "hyperdisk-extreme"];

/// Name, description, most in one instance.
pub(super) const ACCELERATORS: [(&str, &str, u32); 5] = [
    ("nvidia-a100-80gb", "NVIDIA A100 80GB", 8),
    ("nvidia-h100-80gb", "NVIDIA H100 80GB", 8),
    ("nvidia-l4", "NVIDIA L4", 8),
    ("nvidia-tesla-a100", "NVIDIA A100 40GB", 16),
    ("nvidia-tesla-t4", "NVIDIA T4", 4),
];

/// Machine type, accelerator, how many.
pub(super) const BUILTIN: [(&str, &str, u32); 5] = [
    ("a2-highgpu-1g", "nvidia-tesla-a100", 1),
    ("a2-ultragpu-1g", "nvidia-a100-80gb", 1),
    ("a3-highgpu-8g", "nvidia-h100-80gb", 8),
    ("g2-standard-4", "nvidia-l4", 1),
    ("g2-standard-24", "nvidia-l4", 2),
];
