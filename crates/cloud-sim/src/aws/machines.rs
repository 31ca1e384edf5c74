//! The instance types that the simulated EC2 has, with names and sizes as on the real one.

use rust_decimal::Decimal;

use super::places::Place;

/// An instance type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Machine {
    pub(super) name: &'static str,
    pub(super) cores: u32,
    pub(super) memory_mib: u64,
    /// Hundred-thousandths of a dollar an hour, in `us-east-1`.
    price: i64,
    /// Model, maker's memory of one in MiB, how many.
    pub(super) gpu: Option<(&'static str, u64, u32)>,
}

impl Machine {
    /// The type of that name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        MACHINES.iter().find(|machine| machine.name == name)
    }

    pub(super) fn family(&self) -> &'static str {
        self.name.split('.').next().unwrap_or(self.name)
    }

    pub(super) fn is_arm(&self) -> bool {
        ["t4g", "m7g"].contains(&self.family())
    }

    pub(super) fn is_burstable(&self) -> bool {
        self.family().starts_with('t')
    }

    pub(super) fn architecture(&self) -> &'static str {
        if self.is_arm() { "arm64" } else { "x86_64" }
    }

    pub(super) fn maker(&self) -> &'static str {
        match self.family() {
            "t3a" => "AMD",
            "g6" | "g5" => "AMD",
            _ if self.is_arm() => "AWS",
            _ => "Intel",
        }
    }

    /// Threads of a core.
    pub(super) fn threads(&self) -> u32 {
        if self.is_arm() || self.cores == 1 { 1 } else { 2 }
    }

    /// Dollars an hour on demand.
    pub(super) fn hourly(&self, place: Place) -> Decimal {
        let more = [100, 100, 100, 115, 108, 120];
        let factor = more.get(place.index() as usize).copied().unwrap_or(100);
        Decimal::new(self.price * factor, 7).normalize()
    }

    /// Dollars an hour as spot, which differs from zone to zone.
    pub(super) fn spot_hourly(&self, place: Place, zone: &str) -> Decimal {
        let at = place.zones().iter().position(|known| known == zone).unwrap_or(0) as i64;
        (self.hourly(place) * Decimal::new(30 + 3 * at, 2)).round_dp(6).normalize()
    }

    /// Whether a zone has it: the newest and the largest are not everywhere.
    pub(super) fn is_offered(&self, zone: &str) -> bool {
        let (region, letter) = zone.split_at(zone.len().saturating_sub(1));
        match self.family() {
            "p5" => ["us-east-1a", "us-east-2b", "us-west-2a", "us-west-2c"].contains(&zone),
            "g6" => region != "ap-southeast-1" && letter != "c",
            "g5" => !["us-east-1e", "us-east-1f", "ap-southeast-1c"].contains(&zone),
            "t3a" | "m7g" => zone != "us-east-1e",
            "m7i" | "c7i" | "r7i" => !["us-east-1e", "us-west-2d"].contains(&zone),
            _ => true,
        }
    }

    /// The zones of a region that have it.
    pub(super) fn zones(&self, place: Place) -> Vec<String> {
        place.zones().into_iter().filter(|zone| self.is_offered(zone)).collect()
    }
}

const fn plain(name: &'static str, cores: u32, memory_mib: u64, price: i64) -> Machine {
    Machine { name, cores, memory_mib, price, gpu: None }
}

const fn with_gpu(
    name: &'static str,
    cores: u32,
    memory_gib: u64,
    price: i64,
    gpu: (&'static str, u64, u32),
) -> Machine {
    Machine { name, cores, memory_mib: memory_gib * 1024, price, gpu: Some(gpu) }
}

pub(super) const MACHINES: [Machine; 40] = [
    plain("t3.nano", 2, 512, 520),
    plain("t3.micro", 2, 1024, 1040),
    plain("t3.small", 2, 2048, 2080),
    plain("t3.medium", 2, 4096, 4160),
    plain("t3.large", 2, 8192, 8320),
    plain("t3.xlarge", 4, 16384, 16640),
    plain("t3a.micro", 2, 1024, 940),
    plain("t3a.small", 2, 2048, 1880),
    plain("t3a.medium", 2, 4096, 3760),
    plain("t3a.large", 2, 8192, 7520),
    plain("t4g.nano", 2, 512, 420),
    plain("t4g.micro", 2, 1024, 840),
    plain("t4g.small", 2, 2048, 1680),
    plain("t4g.medium", 2, 4096, 3360),
    plain("t4g.large", 2, 8192, 6720),
    plain("m7i.large", 2, 8192, 10080),
    plain("m7i.xlarge", 4, 16384, 20160),
    plain("m7i.2xlarge", 8, 32768, 40320),
    plain("m7i.4xlarge", 16, 65536, 80640),
    plain("m7g.medium", 1, 4096, 4080),
    plain("m7g.large", 2, 8192, 8160),
    plain("m7g.xlarge", 4, 16384, 16320),
    plain("m7g.2xlarge", 8, 32768, 32640),
    plain("c7i.large", 2, 4096, 8925),
    plain("c7i.xlarge", 4, 8192, 17850),
    plain("c7i.2xlarge", 8, 16384, 35700),
    plain("c7i.4xlarge", 16, 32768, 71400),
    plain("r7i.large", 2, 16384, 13230),
    plain("r7i.xlarge", 4, 32768, 26460),
    plain("r7i.2xlarge", 8, 65536, 52920),
    with_gpu("g5.xlarge", 4, 16, 100_600, ("A10G", 24576, 1)),
    with_gpu("g5.2xlarge", 8, 32, 121_200, ("A10G", 24576, 1)),
    with_gpu("g5.4xlarge", 16, 64, 162_400, ("A10G", 24576, 1)),
    with_gpu("g5.12xlarge", 48, 192, 567_200, ("A10G", 24576, 4)),
    with_gpu("g6.xlarge", 4, 16, 80_480, ("L4", 22888, 1)),
    with_gpu("g6.2xlarge", 8, 32, 97_760, ("L4", 22888, 1)),
    with_gpu("g6.4xlarge", 16, 64, 132_320, ("L4", 22888, 1)),
    with_gpu("g6.12xlarge", 48, 192, 460_160, ("L4", 22888, 4)),
    with_gpu("p5.4xlarge", 16, 256, 688_000, ("H100", 81920, 1)),
    with_gpu("p5.48xlarge", 192, 2048, 5_504_000, ("H100", 81920, 8)),
];
