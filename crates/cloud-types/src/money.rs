//! Money as exact decimals with a currency, and the rates that providers bill by. Never a float.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

use crate::{Error, Result};

/// Hours in a month as every provider counts them for a price: 365 × 24 ÷ 12.
pub const HOURS_A_MONTH: u32 = 730;

/// A currency by its ISO 4217 code, such as `EUR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "String", into = "String")
)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The euro.
    pub const EUR: Self = Self(*b"EUR");
    /// The US dollar.
    pub const USD: Self = Self(*b"USD");

    /// The ISO code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a currency holds three ASCII letters")
    }
}

impl FromStr for Currency {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Self(code)),
            _ => Err(Error::invalid("currency", "must be three upper-case letters, as in ISO 4217")),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An exact amount of one currency.
///
/// ```
/// use cloud_types::{Currency, Money};
///
/// let price: Money = Money::parse("0.0060", Currency::EUR)?;
/// assert_eq!(price.times(730).to_string(), "4.38 EUR");
/// # Ok::<(), cloud_types::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Money {
    /// How much, in whole units of the currency.
    pub amount: Decimal,
    /// Of what.
    pub currency: Currency,
}

impl Money {
    /// An amount of a currency.
    #[must_use]
    pub const fn new(amount: Decimal, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// Nothing, in a currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(Decimal::ZERO, currency)
    }

    /// An amount from a provider's decimal text, such as `"1.1900"`.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) on field `amount` where the text is no decimal number.
    pub fn parse(amount: &str, currency: Currency) -> Result<Self> {
        let amount = Decimal::from_str_exact(amount)
            .map_err(|_| Error::invalid("amount", "must be a decimal number of at most 28 digits"))?;
        Ok(Self::new(amount.normalize(), currency))
    }

    /// The amount so many times; past the largest decimal, that.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        let amount = self.amount.checked_mul(Decimal::from(count)).unwrap_or(Decimal::MAX);
        Self::new(amount.normalize(), self.currency)
    }

    /// The sum; `None` where the currencies differ or it is too large to hold.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        Some(Self::new(self.amount.checked_add(other.amount)?.normalize(), self.currency))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

/// How a provider bills for one thing over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Rate {
    /// By the hour, but never more than `cap` in a calendar month where there is one.
    Hourly {
        /// The price of one hour.
        price: Money,
        /// The most that a calendar month costs.
        cap: Option<Money>,
    },
    /// By the month, in proportion to the time used.
    Monthly {
        /// The price of one whole month.
        price: Money,
    },
}

impl Rate {
    /// By the hour without a cap.
    #[must_use]
    pub const fn hourly_price(price: Money) -> Self {
        Self::Hourly { price, cap: None }
    }

    /// What one hour costs; of a monthly price the 730th part, rounded to 28 digits.
    #[must_use]
    pub fn hourly(self) -> Money {
        match self {
            Self::Hourly { price, .. } => price,
            Self::Monthly { price } => {
                Money::new((price.amount / Decimal::from(HOURS_A_MONTH)).normalize(), price.currency)
            }
        }
    }

    /// What a whole month of 730 hours costs, exactly.
    #[must_use]
    pub fn monthly(self) -> Money {
        match self {
            Self::Hourly { price, cap } => {
                let month = price.times(HOURS_A_MONTH);
                cap.filter(|cap| cap.amount < month.amount).unwrap_or(month)
            }
            Self::Monthly { price } => price,
        }
    }

    /// The currency it is billed in.
    #[must_use]
    pub fn currency(self) -> Currency {
        match self {
            Self::Hourly { price, .. } | Self::Monthly { price } => price.currency,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eur(text: &str) -> Money {
        Money::parse(text, Currency::EUR).unwrap()
    }

    #[test]
    fn a_monthly_cap_limits_the_month_and_not_the_hour() {
        let rate = Rate::Hourly { price: eur("0.0060"), cap: Some(eur("3.79")) };
        assert_eq!((rate.hourly(), rate.monthly()), (eur("0.0060"), eur("3.79")));
        let high_cap = Rate::Hourly { price: eur("0.0060"), cap: Some(eur("9")) };
        assert_eq!(high_cap.monthly(), eur("4.38"));
    }

    #[test]
    fn a_monthly_price_stays_exact_over_the_month() {
        let rate = Rate::Monthly { price: eur("0.0440") };
        assert_eq!(rate.monthly(), eur("0.0440"));
        assert!(rate.hourly().amount > Decimal::ZERO);
    }

    #[test]
    fn amounts_past_the_largest_decimal_do_not_panic() {
        let huge = Rate::hourly_price(eur("7922816251426433759354395033"));
        assert_eq!(huge.monthly().amount, Decimal::MAX);
    }

    #[test]
    fn different_currencies_do_not_add_up() {
        assert_eq!(eur("1").checked_add(Money::parse("1", Currency::USD).unwrap()), None);
        assert_eq!(eur("0.1").checked_add(eur("0.2")), Some(eur("0.3")));
    }

    #[test]
    fn words_and_floats_gone_wrong_are_refused() {
        for bad in ["", "NaN", "1e400", "0,5", "1.2.3"] {
            assert!(Money::parse(bad, Currency::EUR).is_err(), "{bad}");
        }
        assert!("eur".parse::<Currency>().is_err());
    }
}
