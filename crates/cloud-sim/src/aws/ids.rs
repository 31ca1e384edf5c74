//! Ids: `i-0` and sixteen digits for a number of the world, so that each can be read back.

use super::errors::{self, ApiError};

/// The id of a thing: its prefix, a dash and seventeen hexadecimal digits.
pub(super) fn id(prefix: &str, number: u64) -> String {
    format!("{prefix}-0{:016x}", number.wrapping_mul(SPREAD))
}

/// The short form of older resources, such as spot requests.
pub(super) fn request_id(number: u64) -> String {
    format!("sir-{}", &id("sir", number)[5..])
}

/// The number of an id; an id that is well formed but none of ours gives a number that nothing has.
///
/// # Errors
/// `Invalid….Malformed` where it does not look like such an id.
pub(super) fn number(prefix: &str, text: &str) -> Result<u64, ApiError> {
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-'));
    let fits = |digits: &&str| {
        let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit));
        hexadecimal && matches!(digits.len(), 8 | 16 | 17)
    };
    let Some(digits) = digits.filter(fits) else {
        return Err(errors::malformed(prefix, text));
    };
    let number = u64::from_str_radix(digits, 16).unwrap_or(0).wrapping_mul(GATHER);
    Ok(if id(prefix, number) == text || request_id(number) == text { number } else { 0 })
}

/// The prefix of an id, as far as it has one.
pub(super) fn prefix(text: &str) -> &str {
    text.split_once('-').map_or("", |(prefix, _)| prefix)
}

/// An odd number, so that multiplying by it can be undone.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
/// Its inverse modulo 2⁶⁴.
const GATHER: u64 = inverse(SPREAD);

/// Newton's iteration; each step doubles the bits that are right.
const fn inverse(odd: u64) -> u64 {
    let mut found = odd;
    let mut step = 0;
    while step < 6 {
        found = found.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(found)));
        step += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_back() {
        for known in [1, 1_000_001, u64::MAX] {
            assert_eq!(number("i", &id("i", known)).unwrap(), known);
            assert_eq!(number("sir", &request_id(known)).unwrap(), known);
        }
        assert_eq!(number("i", "i-1a2b3c4d").unwrap(), 0);
        for text in ["i-xyz", "vol-0123456789abcdef0", "i-0123", "i-0123456789ABCDEF0"] {
            assert!(number("i", text).is_err(), "{text}");
        }
    }
}
