//! What the in-memory cloud sells unless told otherwise: two regions, six machine types, Ubuntu and Debian.

use std::collections::BTreeMap;

use cloud_types::{Error, Result};
use cloud_world::{Architecture, Catalog, Cpu, Gpu, ImageSeed, MachineType, Price, Region, Tariff};
use rust_decimal::Decimal;

/// The default catalog, in euro.
pub(crate) fn catalog() -> Catalog {
    Catalog {
        currency: "EUR".to_owned(),
        vat_percent: Decimal::from(19),
        regions: vec![region(1, "local-a", "This machine", 3), region(2, "local-b", "The machine beside", 2)],
        machines: vec![
            machine(1, "small", (1, 2, 20), (6, 40)),
            machine(2, "medium", (2, 4, 40), (12, 80)),
            machine(3, "large", (4, 8, 80), (24, 160)),
            MachineType { cpu: Cpu::Dedicated, ..machine(4, "huge", (16, 64, 360), (180, 1_200)) },
            MachineType { architecture: Architecture::Arm, ..machine(5, "small-arm", (2, 4, 40), (5, 33)) },
            MachineType {
                cpu: Cpu::Dedicated,
                gpu: Some(Gpu { model: "H100".to_owned(), count: 1 }),
                ..machine(6, "gpu-h100", (24, 180, 750), (1_900, 13_000))
            },
        ],
        images: (1..)
            .zip(["ubuntu-24.04", "ubuntu-22.04", "debian-12", "debian-13"])
            .flat_map(|(id, name)| {
                [ImageSeed::new(id, name, Architecture::X86), ImageSeed::new(id + 100, name, Architecture::Arm)]
            })
            .collect(),
        tariff: Tariff {
            volume_gb_month: Decimal::new(44, 3),
            snapshot_gb_month: Decimal::new(11, 3),
            ipv4_hour: Decimal::new(8, 4),
            ipv4_month: Decimal::new(50, 2),
            backup_percent: Decimal::from(20),
        },
        stock: BTreeMap::new(),
    }
}

/// Leaves no room for a machine type in a zone, or in all zones of a region.
pub(crate) fn sell_out(catalog: &mut Catalog, place: &str, machine: &str) -> Result<()> {
    if catalog.machine(machine).is_none() {
        return Err(Error::invalid("sold_out", format!("there is no machine type {machine:?}")));
    }
    let zones: Vec<String> = catalog
        .regions
        .iter()
        .flat_map(|region| region.zones.iter().filter(|zone| *zone == place || region.name == place))
        .cloned()
        .collect();
    if zones.is_empty() {
        return Err(Error::invalid("sold_out", format!("there is no zone or region {place:?}")));
    }
    for zone in zones {
        catalog.stock.entry(zone).or_default().insert(machine.to_owned(), 0);
    }
    Ok(())
}

fn region(id: u64, name: &str, description: &str, zones: u32) -> Region {
    Region {
        id,
        name: name.to_owned(),
        description: description.to_owned(),
        country: "DE".to_owned(),
        city: "Localhost".to_owned(),
        network_zone: "local".to_owned(),
        position: (50.0, 10.0),
        zones: (1..=zones).map(|zone| format!("{name}-{zone}")).collect(),
    }
}

/// A shared x86 machine of (vCPUs, memory in GiB, boot disk in GiB) for (thousandths an hour, tenths a month at most);
/// a tenth dearer in `local-b`, three tenths of the price as spot.
fn machine(id: u64, name: &str, size: (u32, u64, u64), price: (i64, i64)) -> MachineType {
    let (cores, memory_gib, disk_gb) = size;
    let (hourly, monthly) = (Decimal::new(price.0, 3), Decimal::new(price.1, 1));
    let at = |factor: Decimal| Price {
        hourly: (hourly * factor).normalize(),
        monthly: (monthly * factor).normalize(),
        spot_hourly: Some((hourly * factor * Decimal::new(3, 1)).normalize()),
    };
    MachineType {
        id,
        name: name.to_owned(),
        description: format!("{cores} vCPUs, {memory_gib} GiB"),
        cores,
        memory_mib: memory_gib * 1024,
        disk_gb,
        cpu: Cpu::Shared,
        architecture: Architecture::X86,
        gpu: None,
        prices: BTreeMap::from([
            ("local-a".to_owned(), at(Decimal::ONE)),
            ("local-b".to_owned(), at(Decimal::new(11, 1))),
        ]),
        deprecated: None,
    }
}
