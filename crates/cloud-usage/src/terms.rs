//! How use is counted: in which units, and whether a month has a most. A price says how much, its terms say of what.

use cloud_types::{CostKind, Error, ProviderId, Result};
use serde::{Deserialize, Serialize};

/// How use of one charge is counted.
///
/// Use is counted in units. The first begins when the use begins: with the creation, and for what is billed only while
/// the host runs with each start. Each further one begins when the one before ends, as long as the use lasts. **A unit
/// that has begun is billed whole, at the price that held when it began, in the calendar month (UTC) in which it began.**
/// So a price that changes within a started hour holds from the next hour on, and a use of no length costs nothing.
///
/// Terms by provider are in [`Terms::of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Unchecked", into = "Unchecked")]
pub struct Terms {
    first: u32,
    then: u32,
    monthly: Monthly,
}

/// What a price by the month costs in a month that has more than 730 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Monthly {
    /// In proportion to the time: a month of 744 hours costs 744 ÷ 730 of the price.
    InProportion,
    /// In proportion, but never more than the price in a calendar month.
    AtMostThePrice,
}

impl Terms {
    /// By the second, without a least use.
    pub const SECOND: Self = Self { first: 1, then: 1, monthly: Monthly::InProportion };
    /// By the second, but each use at least a minute.
    pub const SECOND_FROM_MINUTE: Self = Self { first: 60, then: 1, monthly: Monthly::InProportion };
    /// By the started hour, and a price by the month is the most that a calendar month costs.
    pub const HOUR: Self = Self { first: 3600, then: 3600, monthly: Monthly::AtMostThePrice };

    /// A first unit of `first` seconds, and further ones of `then` seconds.
    ///
    /// # Errors
    /// [`InvalidRequest`](cloud_types::ErrorKind::InvalidRequest) on field `terms` for a unit of no length, or of more
    /// than a day.
    pub fn new(first: u32, then: u32, monthly: Monthly) -> Result<Self> {
        let units = 1..=86_400;
        if units.contains(&first) && units.contains(&then) {
            return Ok(Self { first, then, monthly });
        }
        Err(Error::invalid("terms", "units must be 1 to 86400 seconds long"))
    }

    /// The terms of a provider for one kind of charge; [`Terms::SECOND`] where they are not known.
    ///
    /// | Provider | What | Terms | Its page |
    /// |---|---|---|---|
    /// | hetzner | all | [`HOUR`](Self::HOUR): "always rounded up", "never exceed the monthly price cap" | <https://docs.hetzner.com/cloud/billing/faq> |
    /// | aws | hosts, disks and addresses | [`SECOND_FROM_MINUTE`](Self::SECOND_FROM_MINUTE), on Linux | <https://repost.aws/knowledge-center/ec2-instance-hour-billing>, <https://aws.amazon.com/ebs/pricing> |
    /// | aws | snapshots | [`SECOND`](Self::SECOND) | <https://aws.amazon.com/ebs/pricing> |
    /// | gcp | hosts | [`SECOND_FROM_MINUTE`](Self::SECOND_FROM_MINUTE) | <https://cloud.google.com/compute/vm-instance-pricing> |
    /// | gcp | disks, addresses, snapshots | [`SECOND`](Self::SECOND) | <https://cloud.google.com/compute/disks-image-pricing> |
    #[must_use]
    pub fn of(provider: &ProviderId, kind: CostKind) -> Self {
        match (provider.as_str(), kind) {
            ("hetzner", _) => Self::HOUR,
            ("aws", CostKind::Machine | CostKind::BootDisk | CostKind::DataDisk | CostKind::Address)
            | ("gcp", CostKind::Machine) => Self::SECOND_FROM_MINUTE,
            _ => Self::SECOND,
        }
    }

    /// How long the first unit of a use is, in seconds: the least that is billed.
    #[must_use]
    pub fn first(self) -> u32 {
        self.first
    }

    /// How long each further unit is, in seconds.
    #[must_use]
    pub fn then(self) -> u32 {
        self.then
    }

    /// What a price by the month costs in a long month.
    #[must_use]
    pub fn monthly(self) -> Monthly {
        self.monthly
    }
}

/// Terms as the log holds them, before their check.
#[derive(Serialize, Deserialize)]
struct Unchecked {
    first: u32,
    then: u32,
    monthly: Monthly,
}

impl TryFrom<Unchecked> for Terms {
    type Error = Error;
    fn try_from(read: Unchecked) -> Result<Self> {
        Self::new(read.first, read.then, read.monthly)
    }
}

impl From<Terms> for Unchecked {
    fn from(terms: Terms) -> Self {
        Self { first: terms.first, then: terms.then, monthly: terms.monthly }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_has_a_length() {
        assert_eq!(Terms::new(60, 0, Monthly::InProportion).unwrap_err().field(), Some("terms"));
        assert!(Terms::new(86_401, 1, Monthly::InProportion).is_err());
        assert_eq!(Terms::new(3600, 3600, Monthly::AtMostThePrice).unwrap(), Terms::HOUR);
    }

    #[test]
    fn providers_count_as_their_pages_say() {
        let (hetzner, gcp) = (ProviderId::new("hetzner"), ProviderId::new("gcp"));
        assert_eq!(Terms::of(&hetzner, CostKind::Address), Terms::HOUR);
        assert_eq!(Terms::of(&gcp, CostKind::Machine), Terms::SECOND_FROM_MINUTE);
        assert_eq!(Terms::of(&gcp, CostKind::BootDisk), Terms::SECOND);
    }
}
