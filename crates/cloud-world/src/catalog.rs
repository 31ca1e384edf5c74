//! What can be ordered: regions, machine types, stock images and prices.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::Architecture;

/// What can be ordered.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Catalog {
    /// The currency of all prices, as an ISO 4217 code.
    pub currency: String,
    /// Value added tax in percent; prices are without it.
    pub vat_percent: Decimal,
    /// Where hosts can be.
    pub regions: Vec<Region>,
    /// Sizes of hosts.
    pub machines: Vec<MachineType>,
    /// Stock images.
    pub images: Vec<ImageSeed>,
    /// Prices of all but machines.
    pub tariff: Tariff,
    /// Room left, by zone and machine type; an absent entry means plenty.
    pub stock: BTreeMap<String, BTreeMap<String, u32>>,
}

/// Where hosts can be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Region {
    /// Its id, for providers that number them.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// A text for people.
    pub description: String,
    /// ISO 3166 code of the country.
    pub country: String,
    /// The city.
    pub city: String,
    /// Which regions share private networks with it.
    pub network_zone: String,
    /// Degrees north and east.
    pub position: (f64, f64),
    /// Its zones, at least one.
    pub zones: Vec<String>,
}

/// A size of host.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MachineType {
    /// Its id, for providers that number them.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// A text for people.
    pub description: String,
    /// Virtual CPUs.
    pub cores: u32,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Boot disk in GB.
    pub disk_gb: u64,
    /// Whether its CPUs are shared.
    pub cpu: Cpu,
    /// The instruction set.
    pub architecture: Architecture,
    /// GPUs.
    pub gpu: Option<Gpu>,
    /// The price in each region that offers it.
    pub prices: BTreeMap<String, Price>,
    /// Since when it should not be used for new hosts.
    pub deprecated: Option<Timestamp>,
}

/// Whether a machine's CPUs are shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cpu {
    /// Shared with other hosts.
    Shared,
    /// For this host alone.
    Dedicated,
}

/// GPUs of one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gpu {
    /// Such as `H100`.
    pub model: String,
    /// How many.
    pub count: u32,
}

/// What a machine type costs in a region, without tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Price {
    /// An hour on demand.
    pub hourly: Decimal,
    /// The most that a month costs.
    pub monthly: Decimal,
    /// An hour as spot, where that is offered.
    pub spot_hourly: Option<Decimal>,
}

/// Prices of all but machines, without tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tariff {
    /// A GB of volume for a month.
    pub volume_gb_month: Decimal,
    /// A GB of snapshot for a month.
    pub snapshot_gb_month: Decimal,
    /// An IPv4 address for an hour.
    pub ipv4_hour: Decimal,
    /// The most that an IPv4 address costs in a month.
    pub ipv4_month: Decimal,
    /// Backups, in percent of the machine's price.
    pub backup_percent: Decimal,
}

/// A stock image that a new world has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImageSeed {
    /// Its id.
    pub id: u64,
    /// Its name, which each architecture may have once.
    pub name: String,
    /// A text for people.
    pub description: String,
    /// The instruction set.
    pub architecture: Architecture,
    /// The family of the system, such as `ubuntu`.
    pub os: String,
    /// The version of the system, such as `24.04`.
    pub os_version: Option<String>,
    /// The boot disk size it needs, in GB.
    pub disk_gb: u64,
    /// Since when it should not be used for new hosts.
    pub deprecated: Option<Timestamp>,
}

impl Catalog {
    /// The region of that name.
    #[must_use]
    pub fn region(&self, name: &str) -> Option<&Region> {
        self.regions.iter().find(|region| region.name == name)
    }

    /// The machine type of that name.
    #[must_use]
    pub fn machine(&self, name: &str) -> Option<&MachineType> {
        self.machines.iter().find(|machine| machine.name == name)
    }

    /// Two regions, four machine types and three images, for tests and the in-memory provider.
    #[must_use]
    pub fn small() -> Self {
        let regions = ["north", "south"];
        let machine = |id: u64, name: &str, size: u32, architecture| MachineType {
            id,
            name: name.to_owned(),
            description: format!("{name} machine"),
            cores: size,
            memory_mib: u64::from(size) * 2048,
            disk_gb: u64::from(size) * 20,
            cpu: Cpu::Shared,
            architecture,
            gpu: None,
            prices: regions.iter().map(|region| ((*region).to_owned(), Price::hourly_milli(size * 10))).collect(),
            deprecated: None,
        };
        Self {
            currency: "EUR".to_owned(),
            vat_percent: Decimal::from(19),
            regions: (1..)
                .zip(regions)
                .map(|(id, name)| Region {
                    id,
                    name: name.to_owned(),
                    description: format!("{name} region"),
                    country: "DE".to_owned(),
                    city: name.to_owned(),
                    network_zone: "central".to_owned(),
                    position: (50.0, 10.0),
                    zones: vec![format!("{name}-a"), format!("{name}-b")],
                })
                .collect(),
            machines: vec![
                machine(1, "small", 1, Architecture::X86),
                machine(2, "medium", 2, Architecture::X86),
                machine(3, "large", 4, Architecture::X86),
                machine(4, "small-arm", 1, Architecture::Arm),
            ],
            images: vec![
                ImageSeed::new(1, "ubuntu-24.04", Architecture::X86),
                ImageSeed::new(2, "debian-12", Architecture::X86),
                ImageSeed::new(3, "ubuntu-24.04", Architecture::Arm),
            ],
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
}

impl Price {
    /// A price of `milli` thousandths an hour, half of it as spot, capped at 625 hours a month.
    #[must_use]
    pub fn hourly_milli(milli: u32) -> Self {
        let hourly = Decimal::new(milli.into(), 3);
        Self { hourly, monthly: hourly * Decimal::from(625), spot_hourly: Some(hourly / Decimal::TWO) }
    }
}

impl ImageSeed {
    /// An image whose name is its system and version with a dash between, needing 5 GB.
    #[must_use]
    pub fn new(id: u64, name: &str, architecture: Architecture) -> Self {
        let (os, version) = match name.split_once('-') {
            Some((os, version)) => (os, Some(version.to_owned())),
            None => (name, None),
        };
        Self {
            id,
            name: name.to_owned(),
            description: name.replace('-', " "),
            architecture,
            os: os.to_owned(),
            os_version: version,
            disk_gb: 5,
            deprecated: None,
        }
    }
}
