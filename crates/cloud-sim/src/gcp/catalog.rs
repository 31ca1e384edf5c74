//! What the simulated Compute Engine offers: names as on the real one, prices plausible.

use std::collections::BTreeMap;

use cloud_world::{Architecture, Catalog, Cpu, Gpu, ImageSeed, MachineType, Price, Region, Tariff};
use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{machines, skus};

/// The whole catalog.
pub(super) fn catalog() -> Catalog {
    Catalog {
        currency: "USD".to_owned(),
        vat_percent: Decimal::ZERO,
        regions: (1..).zip(REGIONS).map(|(id, row)| region(id, row)).collect(),
        machines: (1..).zip(MACHINES).map(|(id, row)| machine(id, row)).collect(),
        images: (1..).zip(IMAGES).map(|(at, row)| image(at, row)).collect(),
        tariff: Tariff {
            volume_gb_month: Decimal::new(100, 3),
            snapshot_gb_month: Decimal::new(50, 3),
            ipv4_hour: Decimal::new(5, 3),
            ipv4_month: Decimal::new(365, 2),
            backup_percent: Decimal::ZERO,
        },
        stock: BTreeMap::new(),
    }
}

/// The family of a stock image.
pub(super) fn family_of(image: u64) -> Option<&'static str> {
    IMAGES.get(index(image)?).map(|(_, family, ..)| *family)
}

/// The project that offers a stock image.
pub(super) fn project_of(image: u64) -> Option<&'static str> {
    IMAGES.get(index(image)?).map(|(project, ..)| *project)
}

fn index(image: u64) -> Option<usize> {
    usize::try_from(image.checked_sub(FIRST_IMAGE)?).ok()
}

/// Name, country, city, last letters of the zones.
type RegionRow = (&'static str, &'static str, &'static str, &'static str);

fn region(id: u64, (name, country, city, zones): RegionRow) -> Region {
    Region {
        id: 1000 + id * 10,
        name: name.to_owned(),
        description: name.to_owned(),
        country: country.to_owned(),
        city: city.to_owned(),
        network_zone: "global".to_owned(),
        position: (0.0, 0.0),
        zones: zones.chars().map(|letter| format!("{name}-{letter}")).collect(),
    }
}

const REGIONS: [RegionRow; 6] = [
    ("us-central1", "US", "Council Bluffs", "abcf"),
    ("us-east1", "US", "Moncks Corner", "bcd"),
    ("us-west1", "US", "The Dalles", "abc"),
    ("europe-west1", "BE", "St. Ghislain", "bcd"),
    ("europe-west4", "NL", "Eemshaven", "abc"),
    ("asia-east1", "TW", "Changhua County", "abc"),
];

/// Name, cores, memory in MiB.
type MachineRow = (&'static str, u32, u64);

fn machine(id: u64, (name, cores, memory_mib): MachineRow) -> MachineType {
    let family = machines::family(name);
    let arm = ["t2a", "c4a"].contains(&family);
    let gpu = machines::builtin_accelerator(name);
    let prices = REGIONS.iter().filter(|(region, ..)| is_sold(family, region)).map(|(region, ..)| {
        let hourly = skus::machine_price(name, cores, memory_mib, gpu, region, false);
        let spot = skus::machine_price(name, cores, memory_mib, gpu, region, true);
        let price = Price { hourly, monthly: hourly * Decimal::from(730), spot_hourly: Some(spot) };
        ((*region).to_owned(), price)
    });
    MachineType {
        id,
        name: name.to_owned(),
        description: format!("{cores} vCPUs, {} GB RAM", memory_mib / 1024),
        cores,
        memory_mib,
        disk_gb: 10,
        cpu: if SHARED.contains(&name) { Cpu::Shared } else { Cpu::Dedicated },
        architecture: if arm { Architecture::Arm } else { Architecture::X86 },
        gpu: gpu.map(|(model, count)| Gpu { model: model.to_owned(), count }),
        prices: prices.collect(),
        deprecated: None,
    }
}

/// Which regions have a family.
fn is_sold(family: &str, region: &str) -> bool {
    match family {
        "t2a" => ["us-central1", "europe-west4", "asia-east1"].contains(&region),
        "a2" | "a3" | "g2" => ["us-central1", "us-east1", "us-west1", "europe-west4"].contains(&region),
        _ => true,
    }
}

const SHARED: [&str; 3] = ["e2-micro", "e2-small", "e2-medium"];

const MACHINES: [MachineRow; 31] = [
    ("e2-micro", 2, 1024),
    ("e2-small", 2, 2048),
    ("e2-medium", 2, 4096),
    ("e2-standard-2", 2, 8192),
    ("e2-standard-4", 4, 16384),
    ("e2-standard-8", 8, 32768),
    ("n1-standard-1", 1, 3840),
    ("n1-standard-2", 2, 7680),
    ("n1-standard-4", 4, 15360),
    ("n1-standard-8", 8, 30720),
    ("n2-standard-2", 2, 8192),
    ("n2-standard-4", 4, 16384),
    ("n2-standard-8", 8, 32768),
    ("n2-highmem-2", 2, 16384),
    ("n2-highcpu-2", 2, 2048),
    ("c3-standard-4", 4, 16384),
    ("c4-standard-2", 2, 7168),
    ("c4-standard-4", 4, 15360),
    ("n4-standard-2", 2, 8192),
    ("n4-standard-4", 4, 16384),
    ("t2a-standard-1", 1, 4096),
    ("t2a-standard-2", 2, 8192),
    ("t2a-standard-4", 4, 16384),
    ("c4a-standard-1", 1, 4096),
    ("c4a-standard-2", 2, 8192),
    ("c4a-standard-4", 4, 16384),
    ("g2-standard-4", 4, 16384),
    ("g2-standard-24", 24, 98304),
    ("a2-highgpu-1g", 12, 87040),
    ("a2-ultragpu-1g", 12, 174080),
    ("a3-highgpu-8g", 208, 1_916_928),
];

/// Project, family, name, instruction set, whether it is deprecated; older ones first.
type ImageRow = (&'static str, &'static str, &'static str, Architecture, bool);

fn image(at: u64, (_, family, name, architecture, deprecated): ImageRow) -> ImageSeed {
    let os = family.split('-').next().unwrap_or(family);
    let version = family.split('-').nth(1).map(str::to_owned);
    ImageSeed {
        id: FIRST_IMAGE + at - 1,
        name: name.to_owned(),
        description: format!("{os} {}", version.as_deref().unwrap_or_default()),
        architecture,
        os: os.to_owned(),
        os_version: version,
        disk_gb: 10,
        deprecated: deprecated.then_some(LONG_AGO),
    }
}

const IMAGES: [ImageRow; 12] = [
    ("ubuntu-os-cloud", "ubuntu-2404-lts-amd64", "ubuntu-2404-noble-amd64-v20261001", Architecture::X86, true),
    ("debian-cloud", "debian-12", "debian-12-bookworm-v20261001", Architecture::X86, true),
    ("ubuntu-os-cloud", "ubuntu-2204-lts", "ubuntu-2204-jammy-v20261101", Architecture::X86, false),
    ("ubuntu-os-cloud", "ubuntu-2204-lts-arm64", "ubuntu-2204-jammy-arm64-v20261101", Architecture::Arm, false),
    ("ubuntu-os-cloud", "ubuntu-2404-lts-amd64", "ubuntu-2404-noble-amd64-v20261101", Architecture::X86, false),
    ("ubuntu-os-cloud", "ubuntu-2404-lts-arm64", "ubuntu-2404-noble-arm64-v20261101", Architecture::Arm, false),
    ("debian-cloud", "debian-11", "debian-11-bullseye-v20261101", Architecture::X86, false),
    ("debian-cloud", "debian-11-arm64", "debian-11-bullseye-arm64-v20261101", Architecture::Arm, false),
    ("debian-cloud", "debian-12", "debian-12-bookworm-v20261101", Architecture::X86, false),
    ("debian-cloud", "debian-12-arm64", "debian-12-bookworm-arm64-v20261101", Architecture::Arm, false),
    ("debian-cloud", "debian-13", "debian-13-trixie-v20261101", Architecture::X86, false),
    ("debian-cloud", "debian-13-arm64", "debian-13-trixie-arm64-v20261101", Architecture::Arm, false),
];

const FIRST_IMAGE: u64 = 5001;
/// 2026-10-15: when what is deprecated here was replaced.
const LONG_AGO: Timestamp = Timestamp::constant(1_792_022_400, 0);
