//! Stretches of time that bills are made for, and calendar months in UTC.

use std::fmt;

use cloud_types::{Error, Result};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde::{Serialize, Serializer};

/// From an instant on, up to another one, which is no part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Period {
    from: Timestamp,
    to: Timestamp,
}

/// A calendar month in UTC, the one that caps hold for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Period {
    /// From `from` on, before `to`.
    ///
    /// # Errors
    /// [`InvalidRequest`](cloud_types::ErrorKind::InvalidRequest) on field `period` where it ends before it begins.
    pub fn new(from: Timestamp, to: Timestamp) -> Result<Self> {
        if from <= to {
            return Ok(Self { from, to });
        }
        Err(Error::invalid("period", "must not end before it begins"))
    }

    /// All time.
    pub const ALL: Self = Self { from: Timestamp::MIN, to: Timestamp::MAX };

    /// Its first instant.
    #[must_use]
    pub fn from(self) -> Timestamp {
        self.from
    }

    /// The first instant after it.
    #[must_use]
    pub fn to(self) -> Timestamp {
        self.to
    }
}

impl Month {
    /// The month that an instant is in.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let date = Offset::UTC.to_datetime(at).date();
        Self { year: date.year(), month: date.month() }
    }

    /// A month, such as November 2026 as `new(2026, 11)`.
    ///
    /// # Errors
    /// [`InvalidRequest`](cloud_types::ErrorKind::InvalidRequest) on field `month` where there is no such month.
    pub fn new(year: i16, month: i8) -> Result<Self> {
        let date = Date::new(year, month, 1).map_err(|_| Error::invalid("month", "must be a month from 1 to 12"))?;
        Ok(Self { year: date.year(), month: date.month() })
    }

    /// All of the month.
    #[must_use]
    pub fn period(self) -> Period {
        Period { from: self.begin(), to: self.end() }
    }

    /// Its first instant.
    pub(crate) fn begin(self) -> Timestamp {
        let date = Date::new(self.year, self.month, 1);
        let instant = date.and_then(|date| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)));
        instant.unwrap_or(Timestamp::MIN) // the first month that can be written begins before time does
    }

    /// The first instant of the next month.
    pub(crate) fn end(self) -> Timestamp {
        let next = match self.month {
            12 => Self { year: self.year.saturating_add(1), month: 1 },
            month => Self { month: month + 1, ..self },
        };
        let date = Date::new(next.year, next.month, 1);
        let instant = date.and_then(|date| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)));
        instant.unwrap_or(Timestamp::MAX) // the last one ends with time
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_ends_where_the_next_begins() {
        let december = Month::of(at("2026-12-31T23:59:59.999Z"));
        assert_eq!(december, Month::new(2026, 12).unwrap());
        assert_eq!(december.period().to(), at("2027-01-01T00:00:00Z"));
        assert_eq!(Month::new(2028, 2).unwrap().period().to(), at("2028-03-01T00:00:00Z"));
        assert_eq!(december.to_string(), "2026-12");
    }

    #[test]
    fn time_has_its_own_ends() {
        assert_eq!(Month::of(Timestamp::MAX).end(), Timestamp::MAX);
        assert!(Month::of(Timestamp::MIN).begin() <= Timestamp::MIN);
        assert!(Month::new(2026, 13).is_err());
        assert_eq!(Period::new(Timestamp::MAX, Timestamp::MIN).unwrap_err().field(), Some("period"));
    }
}
