//! What things cost on this box: what its administrator says.

use std::str::FromStr;

use cloud_types::{CostItem, CostKind, Currency, Error, Estimate, GiB, MachineType, MiB, Money, Rate, Result, Terms};
use rust_decimal::Decimal;

/// What an hour of a processor and of memory costs, and a month of disk. All is zero by default.
///
/// ```
/// use cloud_cocoon::Prices;
///
/// let prices: Prices = "EUR vcpu=0.004 memory=0.002 disk=0.05".parse()?;
/// assert_eq!(prices, Prices { currency: cloud_types::Currency::EUR, ..prices });
/// # Ok::<(), cloud_types::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prices {
    /// The currency of them all.
    pub currency: Currency,
    /// An hour of a virtual processor of a host that runs.
    pub vcpu_hour: Decimal,
    /// An hour of a gibibyte of memory of a host that runs.
    pub memory_gib_hour: Decimal,
    /// A month of a gibibyte of a disk or a snapshot.
    pub disk_gib_month: Decimal,
}

impl Default for Prices {
    fn default() -> Self {
        let zero = Decimal::ZERO;
        Self { currency: Currency::EUR, vcpu_hour: zero, memory_gib_hour: zero, disk_gib_month: zero }
    }
}

impl FromStr for Prices {
    type Err = Error;

    /// The currency, and then `vcpu=`, `memory=` and `disk=`, each a decimal.
    fn from_str(text: &str) -> Result<Self> {
        let rule = || Error::invalid("prices", "must be as in `EUR vcpu=0.004 memory=0.002 disk=0.05`");
        let mut words = text.split_ascii_whitespace();
        let currency = words.next().ok_or_else(rule)?.parse().map_err(|_| rule())?;
        let mut prices = Self { currency, ..Self::default() };
        for word in words {
            let (what, amount) = word.split_once('=').ok_or_else(rule)?;
            let amount = Money::parse(amount, currency).map_err(|_| rule())?.amount;
            if amount.is_sign_negative() && !amount.is_zero() {
                return Err(rule());
            }
            match what {
                "vcpu" => prices.vcpu_hour = amount,
                "memory" => prices.memory_gib_hour = amount,
                "disk" => prices.disk_gib_month = amount,
                _ => return Err(rule()),
            }
        }
        Ok(prices)
    }
}

impl Prices {
    /// An hour of a machine that runs.
    pub(crate) fn hour(&self, vcpus: u32, memory: MiB) -> Money {
        let gibibytes = Decimal::from(memory.0) / Decimal::from(1024);
        let processors = Decimal::from(vcpus).checked_mul(self.vcpu_hour);
        let memory = gibibytes.checked_mul(self.memory_gib_hour);
        let sum = processors.zip(memory).and_then(|(processors, memory)| processors.checked_add(memory));
        Money::new(sum.unwrap_or(Decimal::MAX).normalize(), self.currency)
    }

    /// A month of a gibibyte of disk.
    pub(crate) fn gib_month(&self) -> Money {
        Money::new(self.disk_gib_month, self.currency)
    }

    /// What a host is billed for.
    pub(crate) fn host(&self, machine: &MachineType, boot: GiB, data: &[GiB]) -> Result<Estimate> {
        let hourly = Rate::hourly_price(self.hour(machine.vcpus, machine.memory));
        let mut items = vec![
            CostItem::new(CostKind::Machine, machine.name.as_str(), hourly).not_billed_when_stopped().terms(TERMS),
            self.disk(CostKind::BootDisk, boot),
        ];
        items.extend(data.iter().map(|size| self.disk(CostKind::DataDisk, *size)));
        Estimate::new(items)
    }

    /// What a disk, or a copy of one, is billed for.
    pub(crate) fn disk(&self, kind: CostKind, size: GiB) -> CostItem {
        CostItem::new(kind, size.to_string(), Rate::Monthly { price: self.gib_month().times(size.0) }).terms(TERMS)
    }
}

/// Of everything, seconds: the box is one's own.
pub(crate) const TERMS: Terms = Terms::SECOND;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_that_of_all_processors_and_of_a_part_of_a_gibibyte() {
        let prices: Prices = "USD vcpu=0.01 memory=0.004 disk=0.1".parse().unwrap();
        assert_eq!(prices.hour(2, MiB(512)).to_string(), "0.022 USD");
        assert_eq!(prices.disk(CostKind::BootDisk, GiB(20)).rate.monthly().to_string(), "2 USD");
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for text in ["", "euro", "EUR vcpu", "EUR vcpu=x", "EUR vcpu=-1", "EUR cpu=1"] {
            assert_eq!(text.parse::<Prices>().expect_err(text).field(), Some("prices"));
        }
    }
}
