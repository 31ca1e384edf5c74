//! What something costs, item by item, running and stopped.

use std::fmt;

use rust_decimal::Decimal;

use crate::{Currency, Error, ErrorKind, Money, Rate, Result, Terms};

/// What a host or a snapshot costs, item by item. All items are in one currency, without tax.
///
/// ```
/// use cloud_types::{CostItem, CostKind, Currency, Estimate, Money, Rate};
///
/// let hourly = Rate::hourly_price(Money::parse("0.0060", Currency::EUR)?);
/// let machine = CostItem::new(CostKind::Machine, "cx22", hourly).not_billed_when_stopped();
/// let address = Rate::hourly_price(Money::parse("0.0008", Currency::EUR)?);
/// let estimate = Estimate::new(vec![machine, CostItem::new(CostKind::Address, "IPv4", address)])?;
/// assert_eq!(estimate.hourly_running().to_string(), "0.0068 EUR");
/// assert_eq!(estimate.hourly_stopped().to_string(), "0.0008 EUR");
/// assert_eq!(estimate.monthly_running().to_string(), "4.964 EUR");
/// # Ok::<(), cloud_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Estimate {
    items: Vec<CostItem>,
}

/// One item of an estimate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct CostItem {
    /// What it is.
    pub kind: CostKind,
    /// For people, such as `cx22` or `IPv4`.
    pub description: String,
    /// How it is billed.
    pub rate: Rate,
    /// Whether it is billed while the host is stopped.
    pub billed_when_stopped: bool,
    /// How its use is counted; `None` where the provider does not tell.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub terms: Option<Terms>,
}

/// What an item of an estimate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum CostKind {
    /// The machine itself.
    Machine,
    /// A boot disk that is billed apart.
    BootDisk,
    /// A data disk or volume.
    DataDisk,
    /// A public address.
    Address,
    /// A snapshot.
    Snapshot,
}

impl CostItem {
    /// An item that is billed whether its host runs or not.
    pub fn new(kind: CostKind, description: impl Into<String>, rate: Rate) -> Self {
        Self { kind, description: description.into(), rate, billed_when_stopped: true, terms: None }
    }

    /// The same, billed only while the host runs.
    #[must_use]
    pub fn not_billed_when_stopped(mut self) -> Self {
        self.billed_when_stopped = false;
        self
    }

    /// The same, its use counted so.
    #[must_use]
    pub fn terms(mut self, terms: Terms) -> Self {
        self.terms = Some(terms);
        self
    }
}

impl Estimate {
    /// An estimate of these items.
    ///
    /// # Errors
    /// `Unexpected` where there is no item or their currencies differ.
    pub fn new(items: Vec<CostItem>) -> Result<Self> {
        let mut currencies = items.iter().map(|item| item.rate.currency());
        let first = currencies.next().ok_or_else(|| Error::new(ErrorKind::Unexpected, "an estimate without items"))?;
        if currencies.any(|currency| currency != first) {
            return Err(Error::new(ErrorKind::Unexpected, "an estimate in more than one currency"));
        }
        Ok(Self { items })
    }

    /// An estimate of these items, where those without terms of their own are counted as the provider counts their kind.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn counted(mut items: Vec<CostItem>, terms: impl Fn(CostKind) -> Terms) -> Result<Self> {
        for item in &mut items {
            item.terms.get_or_insert_with(|| terms(item.kind));
        }
        Self::new(items)
    }

    /// The items.
    #[must_use]
    pub fn items(&self) -> &[CostItem] {
        &self.items
    }

    /// The currency of all items.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.items[0].rate.currency()
    }

    /// What an hour costs while the host runs.
    #[must_use]
    pub fn hourly_running(&self) -> Money {
        self.sum(self.items.iter().map(|item| item.rate.hourly()))
    }

    /// What an hour costs while the host is stopped.
    #[must_use]
    pub fn hourly_stopped(&self) -> Money {
        self.sum(self.items.iter().filter(|item| item.billed_when_stopped).map(|item| item.rate.hourly()))
    }

    /// What a month of 730 hours costs while the host runs, caps considered.
    #[must_use]
    pub fn monthly_running(&self) -> Money {
        self.sum(self.items.iter().map(|item| item.rate.monthly()))
    }

    /// What a month of 730 hours costs while the host is stopped, caps considered.
    #[must_use]
    pub fn monthly_stopped(&self) -> Money {
        self.sum(self.items.iter().filter(|item| item.billed_when_stopped).map(|item| item.rate.monthly()))
    }

    fn sum(&self, amounts: impl Iterator<Item = Money>) -> Money {
        amounts.fold(Money::zero(self.currency()), |sum, amount| {
            // One currency, checked by `new`; what is too large to hold counts as the largest decimal.
            sum.checked_add(amount).unwrap_or_else(|| Money::new(Decimal::MAX, sum.currency))
        })
    }
}

impl fmt::Display for CostKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Machine => "machine",
            Self::BootDisk => "boot disk",
            Self::DataDisk => "data disk",
            Self::Address => "address",
            Self::Snapshot => "snapshot",
        })
    }
}
