//! What the simulated EC2 offers, in the world's words.

use std::collections::BTreeMap;

use cloud_world::{Architecture, Catalog, Cpu, Gpu, MachineType, Price, Region, Tariff};
use rust_decimal::Decimal;

use super::amis;
use super::machines::{MACHINES, Machine};
use super::places::{Place, REGIONS};

/// The whole catalog.
pub(super) fn catalog() -> Catalog {
    Catalog {
        currency: "USD".to_owned(),
        vat_percent: Decimal::ZERO,
        regions: Place::all().map(region).collect(),
        machines: (1..).zip(&MACHINES).map(|(id, row)| machine(id, row)).collect(),
        images: amis::seeds(),
        tariff: Tariff {
            volume_gb_month: Decimal::new(8, 2),
            snapshot_gb_month: Decimal::new(5, 2),
            ipv4_hour: Decimal::new(5, 3),
            ipv4_month: Decimal::new(365, 2),
            backup_percent: Decimal::ZERO,
        },
        stock: BTreeMap::new(),
    }
}

fn region(place: Place) -> Region {
    let (name, country, city, ..) = REGIONS[place.index() as usize];
    Region {
        id: 1 + place.index(),
        name: name.to_owned(),
        description: city.to_owned(),
        country: country.to_owned(),
        city: city.to_owned(),
        network_zone: "global".to_owned(),
        position: (0.0, 0.0),
        zones: place.zones(),
    }
}

fn machine(id: u64, row: &Machine) -> MachineType {
    let offered = Place::all().filter(|place| !row.zones(*place).is_empty());
    let prices = offered.map(|place| {
        let hourly = row.hourly(place);
        let spot = row.zones(place).first().map(|zone| row.spot_hourly(place, zone));
        (place.name().to_owned(), Price { hourly, monthly: hourly * Decimal::from(730), spot_hourly: spot })
    });
    MachineType {
        id,
        name: row.name.to_owned(),
        description: format!("{} vCPUs, {} MiB", row.cores, row.memory_mib),
        cores: row.cores,
        memory_mib: row.memory_mib,
        disk_gb: 8,
        cpu: if row.is_burstable() { Cpu::Shared } else { Cpu::Dedicated },
        architecture: if row.is_arm() { Architecture::Arm } else { Architecture::X86 },
        gpu: row.gpu.map(|(model, _, count)| Gpu { model: model.to_owned(), count }),
        prices: prices.collect(),
        deprecated: None,
    }
}
