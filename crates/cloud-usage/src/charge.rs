//! What a subject costs while a price holds: charges with their rates and terms.

use cloud_types::{CostItem, CostKind, Error, Estimate, Rate, Result, Terms};
use serde::{Deserialize, Serialize};

use crate::cost::{cap_parts, parts_a_second};

/// One thing that is billed, how, and how its use is counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Charge {
    /// What it is.
    pub kind: CostKind,
    /// For people, such as `cx22` or `IPv4`.
    pub description: String,
    /// The price, and the most that a calendar month (UTC) costs where there is one.
    pub rate: Rate,
    /// Whether it is billed while its host is stopped.
    pub billed_when_stopped: bool,
    /// How use is counted.
    pub terms: Terms,
}

/// All charges of a subject, at one time. The nth charge of a kind goes on in the nth charge of that kind after a
/// resize or a change of price: its started unit and what its month has cost so far stay with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Charge>", into = "Vec<Charge>")]
pub struct Charges(Vec<Charge>);

impl Charge {
    /// A charge that is billed whether its host runs or not.
    #[must_use]
    pub fn new(kind: CostKind, description: impl Into<String>, rate: Rate, terms: Terms) -> Self {
        Self { kind, description: description.into(), rate, billed_when_stopped: true, terms }
    }

    /// An item of an estimate.
    ///
    /// # Errors
    /// [`Unsupported`](cloud_types::ErrorKind::Unsupported) where the provider does not tell how its use is counted: no
    /// terms are made up.
    pub fn of(item: &CostItem) -> Result<Self> {
        let (kind, rate) = (item.kind, item.rate);
        let terms = item.terms.ok_or_else(|| Error::unsupported(format!("nobody tells how the {kind} is counted")))?;
        let charge = Self::new(kind, item.description.as_str(), rate, terms);
        Ok(Self { billed_when_stopped: item.billed_when_stopped, ..charge })
    }

    /// The same, billed only while the host runs.
    #[must_use]
    pub fn not_billed_when_stopped(mut self) -> Self {
        self.billed_when_stopped = false;
        self
    }
}

impl Charges {
    /// Checks and takes charges; none is free of charge.
    ///
    /// # Errors
    /// [`InvalidRequest`](cloud_types::ErrorKind::InvalidRequest) on field `price` for one that is negative, has more
    /// than 18 decimals, or is too large to be counted exactly.
    pub fn new(charges: Vec<Charge>) -> Result<Self> {
        for charge in &charges {
            parts_a_second(charge.rate)?;
            cap_parts(charge.rate, charge.terms.monthly())?;
        }
        Ok(Self(charges))
    }

    /// The items of a provider's estimate.
    ///
    /// # Errors
    /// As [`new`](Self::new), and as [`Charge::of`] for an item without terms.
    pub fn of(estimate: &Estimate) -> Result<Self> {
        Self::new(estimate.items().iter().map(Charge::of).collect::<Result<_>>()?)
    }

    /// The charges in their order.
    #[must_use]
    pub fn as_slice(&self) -> &[Charge] {
        &self.0
    }

    /// How many charges of a kind there are.
    pub(crate) fn count(&self, kind: CostKind) -> usize {
        self.0.iter().filter(|charge| charge.kind == kind).count()
    }

    /// The nth charge of a kind, from 0.
    pub(crate) fn nth(&self, slot: Slot) -> Option<&Charge> {
        self.0.iter().filter(|charge| charge.kind == slot.kind).nth(slot.nth)
    }

    /// Each charge by its kind and its number among those of its kind.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> {
        self.0.iter().enumerate().map(|(index, charge)| {
            let nth = self.0[..index].iter().filter(|before| before.kind == charge.kind).count();
            Slot { kind: charge.kind, nth }
        })
    }
}

/// Which charge of a subject, through all changes of price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    pub(crate) kind: CostKind,
    pub(crate) nth: usize,
}

impl TryFrom<Vec<Charge>> for Charges {
    type Error = Error;
    fn try_from(charges: Vec<Charge>) -> Result<Self> {
        Self::new(charges)
    }
}

impl From<Charges> for Vec<Charge> {
    fn from(charges: Charges) -> Self {
        charges.0
    }
}

#[cfg(test)]
mod tests {
    use cloud_types::{Currency, ErrorKind, Money};

    use super::*;

    #[test]
    fn an_item_without_terms_is_refused_and_not_guessed() {
        let rate = Rate::hourly_price(Money::parse("0.01", Currency::EUR).unwrap());
        let known = CostItem::new(CostKind::BootDisk, "20 GiB", rate).terms(Terms::SECOND);
        let unknown = CostItem::new(CostKind::Machine, "small", rate);
        let error = Charges::of(&Estimate::new(vec![known.clone(), unknown]).unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains("machine"), "{error}");
        assert_eq!(Charge::of(&known).unwrap().terms, Terms::SECOND);
    }
}
