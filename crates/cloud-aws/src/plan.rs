//! What a launch is made of, once the catalog was asked: plain data.

use cloud_types::{DataDisk, GiB, HostSpec, MachineTypeName};

/// What the catalog made of a spec.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) machine: MachineTypeName,
    /// Where it may live, in the order in which the zones are tried.
    pub(crate) places: Vec<Subnet>,
    pub(crate) boot: Boot,
    pub(crate) boot_disk: GiB,
    /// The id of the data disk that an earlier host of the name left.
    pub(crate) left_disk: Option<String>,
}

impl Plan {
    /// The data disk that the launch makes: none where an earlier one is there.
    pub(crate) fn new_disk(&self, spec: &HostSpec) -> Option<DataDisk> {
        spec.data_disk.filter(|_| self.left_disk.is_none())
    }
}

/// A subnet, which lies in one zone.
#[derive(Debug, Clone)]
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) zone: String,
    /// The network that it is a part of.
    pub(crate) network: String,
    /// Whether hosts in it can have IPv6 addresses.
    pub(crate) ipv6: bool,
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.zone)
    }
}

/// What a host boots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Boot {
    /// The image's id in its region.
    pub(crate) image: String,
    /// The device of the boot disk: a mapping of another one would add a disk.
    pub(crate) root_device: String,
    /// The devices of its further disks, which a host gets too.
    pub(crate) further_devices: Vec<String>,
    /// The smallest boot disk that it fits on.
    pub(crate) disk: GiB,
    /// The name that SSH keys log in by.
    pub(crate) ssh_user: String,
}

/// What hosts share, that a launch refers to.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    /// The id of the security group.
    pub(crate) group: Option<String>,
    /// The name of the key pair.
    pub(crate) key: Option<String>,
}
