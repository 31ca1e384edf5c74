//! The kinds of disk behind the classes (<https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html>).

use cloud_types::{DiskClass, GiB};

/// A volume type with the speed that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DiskKind {
    /// AWS's own name, such as `gp3`.
    pub(crate) name: String,
    /// Operations a second; `None` is what the type gives by itself.
    pub(crate) iops: Option<u32>,
    /// MiB a second; `None` is what the type gives by itself.
    pub(crate) throughput: Option<u32>,
}

/// What a disk is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiskUse {
    /// A host boots from it.
    Boot,
    /// A data disk or a volume.
    Data,
}

impl DiskKind {
    /// The kind for a class. All is `gp3`, with as much speed as it can be given where the fastest is asked for, but what
    /// should be cheap and can be is `sc1`: nothing boots from that, and it has 125 GiB to 16 TiB.
    pub(crate) fn of(class: DiskClass, used: DiskUse, size: GiB) -> Self {
        match class {
            DiskClass::Capacity if used == DiskUse::Data && COLD.contains(&size.0) => Self::plain("sc1"),
            DiskClass::Performance => {
                // At most 500 operations a GiB, and a quarter MiB a second for each of them.
                let iops = size.0.saturating_mul(500).clamp(GP3_IOPS, 16_000);
                Self { iops: Some(iops), throughput: Some((iops / 4).min(1_000)), ..Self::plain("gp3") }
            }
            _ => Self::plain("gp3"),
        }
    }

    /// A volume type at the speed that it has by itself.
    pub(crate) fn plain(name: &str) -> Self {
        Self { name: name.to_owned(), iops: None, throughput: None }
    }

    /// Operations a second that are billed beside the size.
    pub(crate) fn billed_iops(&self) -> u32 {
        match (self.name.as_str(), self.iops) {
            ("gp3", Some(iops)) => iops.saturating_sub(GP3_IOPS),
            ("io1" | "io2", Some(iops)) => iops,
            _ => 0,
        }
    }

    /// MiB a second that are billed beside the size.
    pub(crate) fn billed_throughput(&self) -> u32 {
        match (self.name.as_str(), self.throughput) {
            ("gp3", Some(throughput)) => throughput.saturating_sub(GP3_THROUGHPUT),
            _ => 0,
        }
    }

    /// Whether it is at least this: AWS tells the speed of every volume, also where nobody asked for one.
    pub(crate) fn is(&self, asked: &Self) -> bool {
        self.name == asked.name
            && self.billed_iops() == asked.billed_iops()
            && self.billed_throughput() == asked.billed_throughput()
    }
}

/// The first device that no disk of the host has. What a disk asks for and what the system calls it are two things; the
/// letters from f to p are for volumes (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html>).
pub(crate) fn free_device(taken: &[String]) -> Option<String> {
    ('f'..='p').map(|letter| format!("/dev/sd{letter}")).find(|device| !taken.contains(device))
}

/// What each `gp3` volume has by itself.
const GP3_IOPS: u32 = 3_000;
const GP3_THROUGHPUT: u32 = 125;
/// GiB of an `sc1` volume.
const COLD: std::ops::RangeInclusive<u32> = 125..=16_384;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cheap_is_cold_where_that_can_be() {
        let name = |used, size| DiskKind::of(DiskClass::Capacity, used, GiB(size)).name;
        assert_eq!(name(DiskUse::Data, 125), "sc1");
        assert_eq!(name(DiskUse::Data, 124), "gp3");
        assert_eq!(name(DiskUse::Data, 16_385), "gp3");
        assert_eq!(name(DiskUse::Boot, 500), "gp3");
    }

    #[test]
    fn what_is_fast_keeps_within_what_its_size_allows() {
        let kind = |size| DiskKind::of(DiskClass::Performance, DiskUse::Data, GiB(size));
        assert_eq!((kind(1).iops, kind(1).throughput), (Some(3_000), Some(750)));
        assert_eq!((kind(10).iops, kind(10).throughput), (Some(5_000), Some(1_000)));
        assert_eq!((kind(100).iops, kind(100).throughput), (Some(16_000), Some(1_000)));
    }

    #[test]
    fn a_volume_gets_the_first_free_device() {
        let with = |devices: &[&str]| devices.iter().map(|device| (*device).to_owned()).collect::<Vec<_>>();
        assert_eq!(free_device(&with(&["/dev/sda1"])).as_deref(), Some("/dev/sdf"));
        assert_eq!(free_device(&with(&["/dev/sda1", "/dev/sdf", "/dev/sdh"])).as_deref(), Some("/dev/sdg"));
        let all: Vec<String> = ('f'..='p').map(|letter| format!("/dev/sd{letter}")).collect();
        assert_eq!(free_device(&all), None);
    }

    #[test]
    fn the_speed_that_every_volume_has_makes_no_other_kind() {
        let told = DiskKind { iops: Some(3_000), throughput: Some(125), ..DiskKind::plain("gp3") };
        assert!(told.is(&DiskKind::of(DiskClass::Standard, DiskUse::Boot, GiB(8))));
        assert!(!told.is(&DiskKind::of(DiskClass::Performance, DiskUse::Boot, GiB(8))));
    }
}
