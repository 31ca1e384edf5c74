//! What headers say about pace: `Retry-After`, and the budget left. Read without trust: nonsense is no reading.

use std::time::Duration;

use http::HeaderMap;
use http::header::{HeaderName, RETRY_AFTER};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// What an answer said about the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateReading {
    /// Requests that a full budget holds.
    pub limit: u32,
    /// Requests left after this one.
    pub remaining: u32,
}

/// The names of a provider's rate limit headers, each holding one whole number.
///
/// ```
/// use cloud_http::{RateHeaders, RateReading};
///
/// let names = RateHeaders::new("ratelimit-limit", "ratelimit-remaining");
/// let answer = http::Response::builder().header("ratelimit-limit", "3600").header("ratelimit-remaining", "17");
/// let reading = names.read(answer.body(()).unwrap().headers());
/// assert_eq!(reading, Some(RateReading { limit: 3600, remaining: 17 }));
/// ```
#[derive(Debug, Clone)]
pub struct RateHeaders {
    limit: HeaderName,
    remaining: HeaderName,
}

impl RateHeaders {
    /// Headers by their names in lower case.
    ///
    /// # Panics
    /// If a name is no lower-case header name.
    #[must_use]
    pub fn new(limit: &'static str, remaining: &'static str) -> Self {
        Self { limit: HeaderName::from_static(limit), remaining: HeaderName::from_static(remaining) }
    }

    /// The reading, where both headers are there and make sense: a limit of at least one, and not more left than that.
    #[must_use]
    pub fn read(&self, headers: &HeaderMap) -> Option<RateReading> {
        let reading =
            RateReading { limit: number(headers, &self.limit)?, remaining: number(headers, &self.remaining)? };
        (reading.limit > 0 && reading.remaining <= reading.limit).then_some(reading)
    }
}

/// How long the answer asks to wait: seconds, or a date. A date that has passed is no wait.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let until = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO))
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u32> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn wait(value: &str) -> Option<Duration> {
        let now: Timestamp = "2015-10-21T07:28:00Z".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_bytes(value.as_bytes()).ok()?);
        retry_after(&headers, now)
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(wait("17"), Some(Duration::from_secs(17)));
        assert_eq!(wait("Wed, 21 Oct 2015 07:29:30 GMT"), Some(Duration::from_secs(90)));
        assert_eq!(wait("Wed, 21 Oct 2015 07:00:00 GMT"), Some(Duration::ZERO));
        for nonsense in ["", "soon", "-5", "1.5", "99999999999999999999"] {
            assert_eq!(wait(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_reading_that_makes_no_sense_is_none() {
        let names = RateHeaders::new("l", "r");
        for (limit, remaining) in [("0", "0"), ("5", "6"), ("x", "1"), ("5", ""), ("5", "-1")] {
            let mut headers = HeaderMap::new();
            headers.insert("l", HeaderValue::from_static(limit));
            headers.insert("r", HeaderValue::from_static(remaining));
            assert_eq!(names.read(&headers), None, "{limit} {remaining}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_header_makes_a_parser_panic(value in proptest::collection::vec(proptest::num::u8::ANY, 0..60)) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.insert(RETRY_AFTER, value.clone());
                headers.insert("l", value.clone());
                headers.insert("r", value);
            }
            let _ = retry_after(&headers, Timestamp::UNIX_EPOCH);
            let reading = RateHeaders::new("l", "r").read(&headers);
            proptest::prop_assert!(reading.is_none_or(|reading| reading.remaining <= reading.limit));
        }

        #[test]
        fn dates_from_anywhere_in_time_are_read(second in -62_135_596_800i64..253_402_207_200) {
            let at = Timestamp::from_second(second).unwrap();
            let text = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap_or_default();
            let _ = wait(&text);
        }
    }
}
