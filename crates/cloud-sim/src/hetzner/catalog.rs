//! What the simulated Hetzner Cloud offers: names as on the real one, prices plausible.

use std::collections::BTreeMap;

use cloud_world::{Architecture, Catalog, Cpu, ImageSeed, MachineType, Price, Region, Tariff};
use jiff::Timestamp;
use rust_decimal::Decimal;

/// The whole catalog.
pub(super) fn catalog() -> Catalog {
    Catalog {
        currency: "EUR".to_owned(),
        vat_percent: Decimal::from(19),
        regions: regions(),
        machines: MACHINES.iter().map(machine).collect(),
        images: images(),
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

fn regions() -> Vec<Region> {
    let region = |id, name: &str, text: &str, country: &str, city: &str, net: &str, position| Region {
        id,
        name: name.to_owned(),
        description: text.to_owned(),
        country: country.to_owned(),
        city: city.to_owned(),
        network_zone: net.to_owned(),
        position,
        zones: vec![format!("{name}-dc1")],
    };
    let fsn = (50.476_12, 12.370_071);
    vec![
        region(1, "fsn1", "Falkenstein DC Park 1", "DE", "Falkenstein", "eu-central", fsn),
        region(2, "nbg1", "Nuremberg DC Park 1", "DE", "Nuremberg", "eu-central", (49.45, 11.08)),
        region(3, "hel1", "Helsinki DC Park 1", "FI", "Helsinki", "eu-central", (60.17, 24.94)),
        region(4, "ash", "Ashburn, VA", "US", "Ashburn, VA", "us-east", (39.05, -77.47)),
        region(5, "hil", "Hillsboro, OR", "US", "Hillsboro, OR", "us-west", (45.54, -122.94)),
        region(6, "sin", "Singapore", "SG", "Singapore", "ap-southeast", (1.28, 103.85)),
    ]
}

/// Which locations offer a family.
#[derive(Clone, Copy)]
enum Places {
    Europe,
    Everywhere,
    Overseas,
}

impl Places {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Europe => &["fsn1", "nbg1", "hel1"],
            Self::Everywhere => &["fsn1", "nbg1", "hel1", "ash", "hil", "sin"],
            Self::Overseas => &["ash", "hil", "sin"],
        }
    }
}

/// Id, name, cores, memory in GB, disk in GB, price of an hour in hundredths of a cent.
type Row = (u64, &'static str, u32, u64, u64, i64, Places);

const MACHINES: [Row; 30] = [
    (1, "cx11", 1, 2, 20, 53, Places::Europe),
    (22, "cpx11", 2, 2, 40, 70, Places::Overseas),
    (23, "cpx21", 3, 4, 80, 121, Places::Overseas),
    (24, "cpx31", 4, 8, 160, 216, Places::Overseas),
    (25, "cpx41", 8, 16, 240, 401, Places::Overseas),
    (26, "cpx51", 16, 32, 360, 880, Places::Overseas),
    (45, "cax11", 2, 4, 40, 60, Places::Europe),
    (93, "cax21", 4, 8, 80, 104, Places::Europe),
    (94, "cax31", 8, 16, 160, 200, Places::Europe),
    (95, "cax41", 16, 32, 320, 392, Places::Europe),
    (96, "ccx13", 2, 8, 80, 200, Places::Everywhere),
    (97, "ccx23", 4, 16, 160, 392, Places::Everywhere),
    (98, "ccx33", 8, 32, 240, 777, Places::Everywhere),
    (99, "ccx43", 16, 64, 360, 1546, Places::Everywhere),
    (100, "ccx53", 32, 128, 600, 3084, Places::Everywhere),
    (101, "ccx63", 48, 192, 960, 4622, Places::Everywhere),
    (104, "cx22", 2, 4, 40, 60, Places::Europe),
    (105, "cx32", 4, 8, 80, 109, Places::Europe),
    (106, "cx42", 8, 16, 160, 262, Places::Europe),
    (107, "cx52", 16, 32, 320, 520, Places::Europe),
    (108, "cpx12", 1, 2, 40, 104, Places::Europe),
    (109, "cpx22", 2, 4, 80, 104, Places::Europe),
    (110, "cpx32", 4, 8, 160, 176, Places::Europe),
    (111, "cpx42", 8, 16, 320, 321, Places::Europe),
    (112, "cpx52", 12, 24, 480, 457, Places::Europe),
    (113, "cpx62", 16, 32, 640, 617, Places::Europe),
    (114, "cx23", 2, 4, 40, 56, Places::Europe),
    (115, "cx33", 4, 8, 80, 88, Places::Europe),
    (116, "cx43", 8, 16, 160, 152, Places::Europe),
    (117, "cx53", 16, 32, 320, 280, Places::Europe),
];

fn machine(row: &Row) -> MachineType {
    let (id, name, cores, memory_gb, disk_gb, hourly, places) = *row;
    let hourly = Decimal::new(hourly, 4);
    let price = Price { hourly, monthly: hourly * Decimal::from(625), spot_hourly: None };
    let cpu = if name.starts_with("ccx") { Cpu::Dedicated } else { Cpu::Shared };
    let architecture = if name.starts_with("cax") { Architecture::Arm } else { Architecture::X86 };
    let deprecated = (name == "cx11").then_some(LONG_AGO);
    MachineType {
        id,
        name: name.to_owned(),
        description: name.to_uppercase(),
        cores,
        memory_mib: memory_gb * 1024,
        disk_gb,
        cpu,
        architecture,
        gpu: None,
        prices: places.names().iter().map(|place| ((*place).to_owned(), price)).collect(),
        deprecated,
    }
}

const IMAGES: [&str; 14] = [
    "ubuntu-20.04",
    "ubuntu-22.04",
    "ubuntu-24.04",
    "debian-11",
    "debian-12",
    "debian-13",
    "fedora-42",
    "fedora-43",
    "rocky-9",
    "rocky-10",
    "alma-9",
    "alma-10",
    "opensuse-15",
    "centos-stream-10",
];

/// Every image once for each architecture, in the order of [`IMAGES`].
fn images() -> Vec<ImageSeed> {
    let both = [Architecture::X86, Architecture::Arm];
    let pairs = IMAGES.iter().flat_map(|name| both.map(|architecture| (*name, architecture)));
    (1001..)
        .zip(pairs)
        .map(|(id, (name, architecture))| {
            let old = ["ubuntu-20.04", "debian-11"].contains(&name);
            ImageSeed { deprecated: old.then_some(LONG_AGO), ..ImageSeed::new(id, name, architecture) }
        })
        .collect()
}

/// 2024-01-01: when what is deprecated here was announced to be so.
const LONG_AGO: Timestamp = Timestamp::constant(1_704_067_200, 0);
