//! What a provider can do, its limits, and what stopping costs: claims that the conformance suite tests.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::{Error, GiB, HostSpec, Image, Pricing, PublicNetwork, Result};

/// What a provider claims. The conformance suite runs what is claimed, and what is not must answer
/// [`Unsupported`](crate::ErrorKind::Unsupported).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// What it can do.
    pub abilities: Vec<Ability>,
    /// What a stopped host still costs.
    pub stopped_billing: StoppedBilling,
    /// The state that a resize leaves a host in: some providers start it.
    pub after_resize: AfterResize,
    /// The most user data it takes, in bytes before any encoding.
    pub user_data_bytes: usize,
    /// Boot disk sizes that can be asked for; `None` where the machine type fixes it.
    pub boot_disk: Option<RangeInclusive<GiB>>,
    /// Data disk and volume sizes.
    pub data_disk: RangeInclusive<GiB>,
    /// How often it may be asked about a change: at first, and at most so seldom.
    pub poll: RangeInclusive<Duration>,
    /// How long after a change its answers may still be old.
    pub read_lag: Duration,
}

/// One thing that a provider can do or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Ability {
    /// Stops a host by asking its system to shut down.
    GracefulStop,
    /// Changes the machine type of a stopped host.
    Resize,
    /// Grows the boot disk with a resize, when asked to.
    GrowBootDisk,
    /// Makes snapshots, and hosts from them.
    Snapshots,
    /// Keeps SSH keys.
    SshKeys,
    /// Keeps volumes apart from hosts.
    Volumes,
    /// Gives a new host a data disk.
    DataDisk,
    /// Tells machine types, images and prices.
    Catalog,
    /// Opens a host's console.
    Console,
    /// Reads what a host wrote to its console.
    ConsoleOutput,
    /// Lists all that an owner has, hosts and what goes with them.
    Sweep,
    /// Hands user data to the first boot.
    UserData,
    /// Lets in only the ports asked for.
    InboundPorts,
    /// Gives public IPv6 addresses.
    Ipv6,
    /// Makes hosts without a public IPv4 address.
    WithoutIpv4,
    /// Has zones within its regions that can be asked for.
    Zones,
    /// Sells spot hosts.
    Spot,
    /// Has machine types with GPUs.
    Gpus,
}

impl Ability {
    /// All of them with a line for people, in the order of the README's table.
    pub const ALL: [(Self, &'static str); 18] = [
        (Self::GracefulStop, "graceful stop"),
        (Self::Resize, "resize"),
        (Self::GrowBootDisk, "boot disk growth"),
        (Self::Snapshots, "snapshots"),
        (Self::SshKeys, "SSH keys"),
        (Self::Volumes, "volumes"),
        (Self::DataDisk, "data disk"),
        (Self::Catalog, "catalog and prices"),
        (Self::Console, "console"),
        (Self::ConsoleOutput, "console output"),
        (Self::Sweep, "sweep by owner"),
        (Self::UserData, "user data"),
        (Self::InboundPorts, "inbound ports"),
        (Self::Ipv6, "public IPv6"),
        (Self::WithoutIpv4, "no public IPv4"),
        (Self::Zones, "zones"),
        (Self::Spot, "spot"),
        (Self::Gpus, "GPUs"),
    ];
}

/// What a stopped host still costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoppedBilling {
    /// Nothing at all.
    Nothing,
    /// Its disks and reserved addresses.
    DisksOnly,
    /// As much as when it runs: delete it to save money.
    InFull,
}

/// The state that a resize leaves a host in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AfterResize {
    /// It stays stopped.
    Stopped,
    /// The provider starts it.
    Running,
}

impl Capabilities {
    /// No abilities and the narrowest limits, to be filled in.
    #[must_use]
    pub fn none() -> Self {
        Self {
            abilities: Vec::new(),
            stopped_billing: StoppedBilling::InFull,
            after_resize: AfterResize::Stopped,
            user_data_bytes: 0,
            boot_disk: None,
            data_disk: GiB(1)..=GiB(1),
            poll: Duration::from_secs(1)..=Duration::from_secs(10),
            read_lag: Duration::ZERO,
        }
    }

    /// Whether it can do this.
    #[must_use]
    pub fn can(&self, ability: Ability) -> bool {
        self.abilities.contains(&ability)
    }

    /// `Ok` where it can do this.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported), naming the ability.
    pub fn require(&self, ability: Ability) -> Result<()> {
        if self.can(ability) {
            return Ok(());
        }
        let (_, words) = Ability::ALL[ability as usize];
        Err(Error::unsupported(format!("this provider has no {words}")))
    }

    /// Checks a spec against the claims and limits, before any call is made.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) naming the field and the rule, or
    /// [`Unsupported`](crate::ErrorKind::Unsupported) naming the ability that lacks.
    pub fn check(&self, spec: &HostSpec) -> Result<()> {
        if let Some(data) = &spec.user_data {
            self.require(Ability::UserData)?;
            if data.len() > self.user_data_bytes {
                let rule = format!("must be at most {} bytes, got {}", self.user_data_bytes, data.len());
                return Err(Error::invalid("user_data", rule));
            }
        }
        match (spec.boot_disk.size, &self.boot_disk) {
            (Some(_), None) => {
                return Err(Error::invalid("boot_disk", "the machine type fixes its size here: leave it out"));
            }
            (Some(size), Some(range)) => in_range("boot_disk", size, range)?,
            (None, _) => {}
        }
        if let Some(disk) = &spec.data_disk {
            self.require(Ability::DataDisk)?;
            in_range("data_disk", disk.size, &self.data_disk)?;
        }
        let needs = [
            (spec.zone.is_some(), Ability::Zones),
            (spec.pricing == Pricing::Spot, Ability::Spot),
            (matches!(spec.image, Image::Snapshot(_)), Ability::Snapshots),
            (spec.inbound != crate::Inbound::ProviderDefault, Ability::InboundPorts),
            (spec.public_network.ipv6, Ability::Ipv6),
            (!spec.public_network.ipv4, Ability::WithoutIpv4),
        ];
        needs.into_iter().filter(|(needed, _)| *needed).try_for_each(|(_, ability)| self.require(ability))
    }

    /// Checks the size of a volume.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) on field `size`, naming the range.
    pub fn check_volume(&self, size: GiB) -> Result<()> {
        in_range("size", size, &self.data_disk)
    }
}

impl PublicNetwork {
    /// No public address at all.
    pub const NONE: Self = Self { ipv4: false, ipv6: false };
    /// Both kinds of address.
    pub const BOTH: Self = Self { ipv4: true, ipv6: true };
}

fn in_range(field: &'static str, size: GiB, range: &RangeInclusive<GiB>) -> Result<()> {
    if range.contains(&size) {
        return Ok(());
    }
    Err(Error::invalid(field, format!("must be {} to {} GiB, got {}", range.start().0, range.end().0, size.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_abilities_is_in_the_order_of_the_enum() {
        for (place, (ability, words)) in Ability::ALL.into_iter().enumerate() {
            assert_eq!(ability as usize, place, "{words}");
        }
    }
}
