//! The project, its regions and zones, and what they offer.

use cloud_world::{Kind, MachineType, Region};
use serde_json::{Value, json};

use super::api::{self, Answer, Api};
use super::errors;
use super::{fingerprint, images, links, machines, paging};

/// `GET /projects/{project}`.
pub(super) fn project(api: &mut Api<'_>) -> Answer {
    let project = api.project();
    api::ok(&json!({
        "kind": "compute#project",
        "id": "1000000000001",
        "name": project,
        "creationTimestamp": EPOCH,
        "selfLink": links::full(&format!("projects/{project}")),
        "commonInstanceMetadata": {"kind": "compute#metadata", "fingerprint": fingerprint::of(&[(); 0])},
        "defaultServiceAccount": "1-compute@developer.gserviceaccount.com",
        "defaultNetworkTier": "PREMIUM",
        "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS",
        "quotas": [quota(api, "SNAPSHOTS", Kind::Image), quota(api, "FIREWALLS", Kind::Firewall)],
    }))
}

/// `GET …/zones`.
pub(super) fn list_zones(api: &mut Api<'_>) -> Answer {
    let zones = api.zones();
    paging::list(api, "compute#zoneList", zones, |_, zone| (0, zone.clone()), |api, zone| render_zone(api, zone))
}

/// `GET …/zones/{zone}`.
pub(super) fn get_zone(api: &mut Api<'_>) -> Answer {
    let zone = api.zone()?;
    api::ok(&render_zone(api, &zone))
}

/// `GET …/regions`.
pub(super) fn list_regions(api: &mut Api<'_>) -> Answer {
    let regions = api.world.catalog.regions.iter().collect();
    let key = |_: &Api<'_>, region: &&Region| (region.id, region.name.clone());
    paging::list(api, "compute#regionList", regions, key, |api, region| render_region(api, region))
}

/// `GET …/regions/{region}`.
pub(super) fn get_region(api: &mut Api<'_>) -> Answer {
    let region = api.region()?;
    let found = api.world.catalog.region(&region).map(|region| render_region(api, region));
    api::ok(&found)
}

/// `GET …/zones/{zone}/machineTypes`.
pub(super) fn list_machines(api: &mut Api<'_>) -> Answer {
    let zone = api.zone()?;
    let offered = machines_of(api, &zone);
    paging::list(api, "compute#machineTypeList", offered, machine_key, |api, machine| {
        render_machine(api, machine, &zone)
    })
}

/// `GET …/aggregated/machineTypes`.
pub(super) fn aggregated_machines(api: &mut Api<'_>) -> Answer {
    let zones = api.zones();
    let offered = zones.iter().flat_map(|zone| {
        let machines = machines_of(api, zone).into_iter();
        machines.map(move |machine| (format!("zones/{zone}"), (zone.clone(), machine)))
    });
    let view = paging::View { kind: "compute#machineTypeAggregatedList", field: "machineTypes" };
    let key = |api: &Api<'_>, (_, machine): &(String, &MachineType)| machine_key(api, machine);
    paging::aggregated(api, view, offered.collect(), key, |api, (zone, machine)| render_machine(api, machine, zone))
}

/// `GET …/machineTypes/{machineType}`.
pub(super) fn get_machine(api: &mut Api<'_>) -> Answer {
    let zone = api.zone()?;
    let name = api.param("machineType");
    let found = machines_of(api, &zone).into_iter().find(|machine| machine.name == name);
    let missing = || errors::not_found(&links::zonal(api.project(), &zone, "machineTypes", name));
    api::ok(&render_machine(api, found.ok_or_else(missing)?, &zone))
}

/// `GET …/zones/{zone}/acceleratorTypes`.
pub(super) fn list_accelerators(api: &mut Api<'_>) -> Answer {
    let zone = api.zone()?;
    let offered = accelerators_of(api, &zone);
    let key = |_: &Api<'_>, name: &&'static str| (0, (*name).to_owned());
    paging::list(api, "compute#acceleratorTypeList", offered, key, |api, name| render_accelerator(api, name, &zone))
}

/// `GET …/aggregated/acceleratorTypes`.
pub(super) fn aggregated_accelerators(api: &mut Api<'_>) -> Answer {
    let zones = api.zones();
    let offered = zones.iter().flat_map(|zone| {
        let names = accelerators_of(api, zone).into_iter();
        names.map(move |name| (format!("zones/{zone}"), (zone.clone(), name)))
    });
    let view = paging::View { kind: "compute#acceleratorTypeAggregatedList", field: "acceleratorTypes" };
    let key = |_: &Api<'_>, (_, name): &(String, &'static str)| (0, (*name).to_owned());
    paging::aggregated(api, view, offered.collect(), key, |api, (zone, name)| render_accelerator(api, name, zone))
}

/// `GET …/acceleratorTypes/{acceleratorType}`.
pub(super) fn get_accelerator(api: &mut Api<'_>) -> Answer {
    let zone = api.zone()?;
    let name = api.param("acceleratorType");
    if !accelerators_of(api, &zone).contains(&name) {
        return Err(errors::not_found(&links::zonal(api.project(), &zone, "acceleratorTypes", name)));
    }
    api::ok(&render_accelerator(api, name, &zone))
}

fn machines_of<'a>(api: &'a Api<'_>, zone: &str) -> Vec<&'a MachineType> {
    let machines = api.world.catalog.machines.iter();
    machines.filter(|machine| machines::is_offered(api, &machine.name, zone)).collect()
}

/// Those that a machine type of the zone comes with, and the T4, which N1 takes.
fn accelerators_of(api: &Api<'_>, zone: &str) -> Vec<&'static str> {
    let builtin = |name: &str| {
        machines::BUILTIN.iter().any(|(machine, kind, _)| *kind == name && machines::is_offered(api, machine, zone))
    };
    let names = machines::ACCELERATORS.iter().map(|(name, ..)| *name);
    names.filter(|name| builtin(name) || *name == "nvidia-tesla-t4").collect()
}

fn machine_key(_: &Api<'_>, machine: &&MachineType) -> (u64, String) {
    (machine.id, machine.name.clone())
}

fn render_zone(api: &Api<'_>, zone: &str) -> Value {
    let project = api.project();
    let region = api.region_of(zone).unwrap_or_default();
    json!({
        "kind": "compute#zone",
        "id": number_of(zone),
        "name": zone,
        "description": zone,
        "status": "UP",
        "creationTimestamp": EPOCH,
        "region": links::full(&format!("projects/{project}/regions/{region}")),
        "selfLink": links::full(&format!("projects/{project}/zones/{zone}")),
        "availableCpuPlatforms": ["Intel Broadwell", "Intel Ice Lake", "AMD Milan"],
        "supportsPzs": false,
    })
}

fn render_region(api: &Api<'_>, region: &Region) -> Value {
    let project = api.project();
    let zones = region.zones.iter().map(|zone| links::full(&format!("projects/{project}/zones/{zone}")));
    json!({
        "kind": "compute#region",
        "id": region.id.to_string(),
        "name": region.name,
        "description": region.description,
        "status": "UP",
        "creationTimestamp": EPOCH,
        "zones": zones.collect::<Vec<_>>(),
        "selfLink": links::full(&format!("projects/{project}/regions/{}", region.name)),
        "supportsPzs": false,
        "quotas": [
            quota(api, "INSTANCES", Kind::Host),
            quota(api, "DISKS_TOTAL_GB", Kind::Volume),
            quota(api, "IN_USE_ADDRESSES", Kind::Address),
        ],
    })
}

fn quota(api: &Api<'_>, metric: &str, kind: Kind) -> Value {
    let limit = api.world.quotas.get(&kind).copied().unwrap_or(24_000);
    let usage = api.world.counts().get(&kind).copied().unwrap_or(0);
    json!({"metric": metric, "limit": limit as f64, "usage": usage as f64})
}

fn render_machine(api: &Api<'_>, machine: &MachineType, zone: &str) -> Value {
    let mut shown = json!({
        "kind": "compute#machineType",
        "id": (100_000 + machine.id).to_string(),
        "name": machine.name,
        "description": machine.description,
        "creationTimestamp": EPOCH,
        "guestCpus": machine.cores,
        "memoryMb": machine.memory_mib,
        "imageSpaceGb": 0,
        "isSharedCpu": machine.cpu == cloud_world::Cpu::Shared,
        "maximumPersistentDisks": 128,
        "maximumPersistentDisksSizeGb": "263168",
        "architecture": images::architecture(machine.architecture),
        "zone": zone,
        "selfLink": links::full(&links::zonal(api.project(), zone, "machineTypes", &machine.name)),
    });
    if let Some(gpu) = &machine.gpu {
        shown["accelerators"] = json!([{"guestAcceleratorType": gpu.model, "guestAcceleratorCount": gpu.count}]);
    }
    shown
}

fn render_accelerator(api: &Api<'_>, name: &str, zone: &str) -> Value {
    let known = machines::ACCELERATORS.iter().find(|(known, ..)| *known == name);
    json!({
        "kind": "compute#acceleratorType",
        "id": number_of(name),
        "name": name,
        "description": known.map(|(_, text, _)| *text),
        "creationTimestamp": EPOCH,
        "maximumCardsPerInstance": known.map(|(_, _, most)| *most),
        "zone": links::full(&format!("projects/{}/zones/{zone}", api.project())),
        "selfLink": links::full(&links::zonal(api.project(), zone, "acceleratorTypes", name)),
    })
}

/// A number that a name always has.
fn number_of(name: &str) -> String {
    let sum = name.bytes().fold(7_u64, |sum, byte| (sum * 31 + u64::from(byte)) % 1_000_000);
    (10_000 + sum).to_string()
}

const EPOCH: &str = "1969-12-31T16:00:00.000-08:00";
