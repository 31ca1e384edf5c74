//! Exact amounts. Nothing is rounded before somebody looks.
//!
//! A price by the hour is divided by 3,600 and one by the month by 2,628,000 (730 hours): most amounts have no last decimal.
//! So they are counted in whole parts: one unit of a currency has 2,628,000 × 10¹⁸ of them, and every price of up to 18
//! decimals is a whole number of parts a second.

use std::fmt;

use cloud_types::{Currency, Error, Money, Monthly, Rate, Result};
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

/// What something cost, exactly: a sum of prices times seconds that was never rounded.
///
/// Two costs are equal if they are equal to the last digit, however many digits that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cost {
    parts: i128,
    currency: Currency,
}

impl Cost {
    /// Nothing, in a currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { parts: 0, currency }
    }

    pub(crate) const fn of_parts(parts: i128, currency: Currency) -> Self {
        Self { parts, currency }
    }

    /// What a price costs over whole seconds, in proportion and without a cap.
    ///
    /// # Errors
    /// As [`Charges::new`](crate::Charges::new), also for a time that makes it too large.
    pub fn over(rate: Rate, seconds: u64) -> Result<Self> {
        let parts = parts_a_second(rate)?.checked_mul(seconds.into()).ok_or_else(too_large)?;
        Ok(Self::of_parts(parts, rate.currency()))
    }

    /// The currency.
    #[must_use]
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// The amount, exact where it has at most 28 digits, and otherwise rounded to them once, half to even.
    #[must_use]
    pub fn to_money(self) -> Money {
        let (mut scale, mut rest) = (0, self.parts % PARTS);
        let mut digits = self.parts / PARTS;
        while rest != 0 && scale < Decimal::MAX_SCALE && digits < DIGITS_28 {
            rest *= 10;
            (digits, rest, scale) = (digits * 10 + rest / PARTS, rest % PARTS, scale + 1);
        }
        if rest * 2 > PARTS || (rest * 2 == PARTS && digits % 2 == 1) {
            digits += 1;
        }
        let amount = Decimal::from_i128_with_scale(digits, scale).normalize();
        Money::new(amount, self.currency)
    }

    /// The amount with so many decimals, at most 18, for people: rounded from the exact amount, half up.
    #[must_use]
    pub fn rounded(self, decimals: u32) -> Money {
        let decimals = decimals.min(18);
        let step = PARTS / 10_i128.pow(decimals);
        let rounded = self.parts / step + i128::from(self.parts % step * 2 >= step);
        let amount = Decimal::try_from_i128_with_scale(rounded, decimals).unwrap_or(Decimal::MAX);
        Money::new(amount, self.currency)
    }

    /// The sum; `None` where the currencies differ or it is too large to hold.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let parts = self.parts.checked_add(other.parts)?;
        (self.currency == other.currency).then_some(Self { parts, ..self })
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_money().fmt(f)
    }
}

impl Serialize for Cost {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.to_money().serialize(serializer)
    }
}

/// What a second at this rate costs, in parts.
pub(crate) fn parts_a_second(rate: Rate) -> Result<i128> {
    match rate {
        Rate::Hourly { price, .. } => scaled(price)?.checked_mul(HOURS_A_MONTH).ok_or_else(too_large),
        Rate::Monthly { price } => scaled(price),
        _ => Err(Error::unsupported("a rate that is neither by the hour nor by the month")),
    }
}

/// The most that a calendar month costs, in parts.
pub(crate) fn cap_parts(rate: Rate, monthly: Monthly) -> Result<Option<i128>> {
    let cap = match (rate, monthly) {
        (Rate::Hourly { cap, .. }, _) => cap,
        (Rate::Monthly { price }, Monthly::AtMostThePrice) => Some(price),
        _ => None,
    };
    cap.map(|cap| scaled(cap)?.checked_mul(SECONDS_A_MONTH).ok_or_else(too_large)).transpose()
}

/// An amount in whole 10⁻¹⁸ of its currency.
fn scaled(money: Money) -> Result<i128> {
    let amount = money.amount.normalize();
    if amount.is_sign_negative() && !amount.is_zero() {
        return Err(Error::invalid("price", "must not be negative"));
    }
    let missing = DECIMALS.checked_sub(amount.scale());
    let missing = missing.ok_or_else(|| Error::invalid("price", "must have at most 18 decimals"))?;
    amount.mantissa().checked_mul(10_i128.pow(missing)).ok_or_else(too_large)
}

pub(crate) fn too_large() -> Error {
    Error::invalid("price", "is too large to be counted exactly over that time")
}

const DECIMALS: u32 = 18;
const HOURS_A_MONTH: i128 = cloud_types::HOURS_A_MONTH as i128;
const SECONDS_A_MONTH: i128 = HOURS_A_MONTH * 3600;
/// The parts of one unit of a currency.
const PARTS: i128 = SECONDS_A_MONTH * 10_i128.pow(DECIMALS);
/// With so much, another digit would be the 29th.
const DIGITS_28: i128 = 10_i128.pow(27);

#[cfg(test)]
mod tests {
    use super::*;

    fn hourly(price: &str) -> Rate {
        Rate::hourly_price(Money::parse(price, Currency::EUR).unwrap())
    }

    #[test]
    fn an_amount_without_a_last_digit_is_rounded_once_to_28() {
        let third = Cost::over(hourly("0.01"), 1200).unwrap();
        assert_eq!(third.to_string(), "0.0033333333333333333333333333 EUR");
        let thrice = third.checked_add(third).unwrap().checked_add(third).unwrap();
        assert_eq!(thrice.to_string(), "0.01 EUR");
    }

    #[test]
    fn rounding_for_people_begins_at_the_exact_amount() {
        let almost_half = Cost::over(hourly("0.0144999999"), 3600).unwrap();
        assert_eq!(almost_half.rounded(2).to_string(), "0.01 EUR");
        assert_eq!(Cost::over(hourly("0.015"), 3600).unwrap().rounded(2).to_string(), "0.02 EUR");
        assert_eq!(Cost::over(hourly("3"), 3600).unwrap().rounded(2).to_string(), "3.00 EUR");
    }

    #[test]
    fn a_price_that_cannot_be_counted_exactly_is_refused() {
        for price in ["-0.01", "0.0000000000000000001", "99999999999999999999"] {
            let error = Cost::over(hourly(price), 3600).unwrap_err();
            assert_eq!(error.field(), Some("price"), "{price}");
        }
        assert_eq!(Cost::over(hourly("1000000"), u64::MAX).unwrap_err().field(), Some("price"));
    }
}
