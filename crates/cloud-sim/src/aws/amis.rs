//! The stock images of Canonical and Debian: a few dated builds of each release, in every region.

use cloud_world::{Architecture, ImageSeed};
use jiff::Timestamp;
use jiff::civil::Date;

use super::places::Place;

/// A build of a release for one instruction set.
#[derive(Debug, Clone)]
pub(super) struct Ami {
    pub(super) number: u64,
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) release: &'static Release,
    pub(super) arm: bool,
    pub(super) created: Timestamp,
    /// The rank among the builds, 0 being the newest.
    pub(super) age: usize,
}

/// A release of a system.
#[derive(Debug)]
pub(super) struct Release {
    pub(super) owner: &'static str,
    pub(super) os: &'static str,
    pub(super) version: &'static str,
    /// The name up to the instruction set, and from there to the date.
    name: (&'static str, &'static str),
    builds: [&'static str; 3],
    pub(super) root_device: &'static str,
    pub(super) disk_gb: u64,
    pub(super) volume_type: &'static str,
}

impl Ami {
    /// The stock image of this number.
    pub(super) fn numbered(number: u64) -> Option<Self> {
        let at = number.checked_sub(FIRST_IMAGE)?;
        let place = Place::all().nth(usize::try_from(at / OF_A_REGION).ok()?)?;
        build(place, usize::try_from(at % OF_A_REGION).ok()?)
    }

    pub(super) fn owner(&self) -> &'static str {
        self.release.owner
    }

    /// The number of the snapshot that it is made from.
    pub(super) fn snapshot(&self) -> u64 {
        self.number + 100_000
    }

    pub(super) fn architecture(&self) -> &'static str {
        if self.arm { "arm64" } else { "x86_64" }
    }
}

/// The stock images of a region.
pub(super) fn of_region(place: Place) -> impl Iterator<Item = Ami> {
    (0..RELEASES.len() * PER_RELEASE).filter_map(move |at| build(place, at))
}

/// The newest build of a release.
pub(super) fn newest(place: Place, os: &str, version: &str, arm: bool) -> Option<Ami> {
    of_region(place)
        .find(|ami| ami.release.os == os && ami.release.version == version && ami.arm == arm && ami.age == 0)
}

/// What the world has of them.
pub(super) fn seeds() -> Vec<ImageSeed> {
    let all = Place::all().flat_map(of_region);
    all.map(|ami| ImageSeed {
        id: ami.number,
        name: ami.name.clone(),
        description: format!("{} {}", ami.release.os, ami.release.version),
        architecture: if ami.arm { Architecture::Arm } else { Architecture::X86 },
        os: ami.release.os.to_owned(),
        os_version: Some(ami.release.version.to_owned()),
        disk_gb: ami.release.disk_gb,
        deprecated: None,
    })
    .collect()
}

fn build(place: Place, at: usize) -> Option<Ami> {
    let release = RELEASES.get(at / PER_RELEASE)?;
    let arm = at % PER_RELEASE >= release.builds.len();
    let nth = at % release.builds.len();
    let build = release.builds[nth];
    let (head, tail) = release.name;
    let architecture = if arm { "arm64" } else { "amd64" };
    let date = Date::strptime("%Y%m%d", &build[..8]).ok()?;
    let created = date.at(7, 12, 31, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(Ami {
        number: FIRST_IMAGE + place.index() * OF_A_REGION + at as u64,
        place,
        name: format!("{head}{architecture}{tail}{build}"),
        release,
        arm,
        created,
        age: release.builds.len() - 1 - nth,
    })
}

const CANONICAL: &str = "099720109477";
const DEBIAN: &str = "136693071363";
const UBUNTU_BUILDS: [&str; 3] = ["20260903", "20261002", "20261101"];
const DEBIAN_BUILDS: [&str; 3] = ["20260818-2205", "20260914-2233", "20261015-2264"];

const RELEASES: [Release; 4] = [
    Release {
        owner: CANONICAL,
        os: "ubuntu",
        version: "22.04",
        name: ("ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-", "-server-"),
        builds: UBUNTU_BUILDS,
        root_device: "/dev/sda1",
        disk_gb: 8,
        volume_type: "gp2",
    },
    Release {
        owner: CANONICAL,
        os: "ubuntu",
        version: "24.04",
        name: ("ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-", "-server-"),
        builds: UBUNTU_BUILDS,
        root_device: "/dev/sda1",
        disk_gb: 8,
        volume_type: "gp3",
    },
    Release {
        owner: DEBIAN,
        os: "debian",
        version: "12",
        name: ("debian-12-", "-"),
        builds: DEBIAN_BUILDS,
        root_device: "/dev/xvda",
        disk_gb: 8,
        volume_type: "gp3",
    },
    Release {
        owner: DEBIAN,
        os: "debian",
        version: "13",
        name: ("debian-13-", "-"),
        builds: DEBIAN_BUILDS,
        root_device: "/dev/xvda",
        disk_gb: 8,
        volume_type: "gp3",
    },
];

/// Three builds for each of two instruction sets.
const PER_RELEASE: usize = 6;
const FIRST_IMAGE: u64 = 100_000;
const OF_A_REGION: u64 = 1000;
