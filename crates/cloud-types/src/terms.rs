//! How use is counted: in which units, and whether a month has a most. A price says how much, its terms say of what.

use crate::{Error, Result};

/// How use of one thing that is billed is counted. Each provider tells its own, with each
/// [`CostItem`](crate::CostItem).
///
/// Use is counted in units. The first begins when the use begins: with the creation, and for what is billed only while
/// the host runs with each start. Each further one begins when the one before ends, as long as the use lasts. **A unit
/// that has begun is billed whole, at the price that held when it began, in the calendar month (UTC) in which it began.**
/// So a price that changes within a started hour holds from the next hour on, and a use of no length costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Unchecked", into = "Unchecked")
)]
pub struct Terms {
    first: u32,
    then: u32,
    monthly: Monthly,
}

/// What a price by the month costs in a month that has more than 730 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
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
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) on field `terms` for a unit of no length, or of more than a
    /// day.
    pub fn new(first: u32, then: u32, monthly: Monthly) -> Result<Self> {
        let units = 1..=86_400;
        if units.contains(&first) && units.contains(&then) {
            return Ok(Self { first, then, monthly });
        }
        Err(Error::invalid("terms", "units must be 1 to 86400 seconds long"))
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

/// The serialized form of terms, checked on the way in.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct Unchecked {
    first: u32,
    then: u32,
    monthly: Monthly,
}

#[cfg(feature = "serde")]
impl TryFrom<Unchecked> for Terms {
    type Error = Error;
    fn try_from(read: Unchecked) -> Result<Self> {
        Self::new(read.first, read.then, read.monthly)
    }
}

#[cfg(feature = "serde")]
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
}
