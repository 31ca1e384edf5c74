//! Lists whose pages have tokens. A token says after which item the next page begins, so that items
//! that come and go between two pages are neither repeated nor left out.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// The page of the items after a key, and the key that the next page comes after, where there is one.
/// Each item is shown, or left out where `show` answers `None`.
pub(crate) fn page<K: Ord, T, R>(
    mut items: Vec<(K, T)>,
    after: Option<&K>,
    most: usize,
    mut show: impl FnMut(&T) -> Option<R>,
) -> (Vec<R>, Option<K>) {
    items.retain(|(key, _)| after.is_none_or(|after| key > after));
    items.sort_by(|(one, _), (other, _)| one.cmp(other));
    let (mut shown, mut last) = (Vec::new(), None);
    for (key, item) in items {
        let Some(value) = show(&item) else {
            continue;
        };
        if shown.len() == most {
            return (shown, last);
        }
        shown.push(value);
        last = Some(key);
    }
    (shown, None)
}

/// A token that holds a text, in hexadecimal digits.
pub(crate) fn hexadecimal(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The text of such a token.
pub(crate) fn read_hexadecimal(token: &str) -> Option<String> {
    let pairs = token.as_bytes().chunks(2);
    let bytes: Option<_> = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    String::from_utf8(bytes?).ok()
}

/// A token that holds a word and a number, in Base64.
pub(crate) fn base64(word: &str, number: u64) -> String {
    BASE64_STANDARD.encode(format!("{word}:{number}"))
}

/// The number of such a token.
pub(crate) fn read_base64(word: &str, token: &str) -> Option<u64> {
    let text = String::from_utf8(BASE64_STANDARD.decode(token).ok()?).ok()?;
    text.strip_prefix(word)?.strip_prefix(':')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_join_to_the_items_that_are_shown() {
        let items: Vec<(u64, u64)> = (1..=9).rev().map(|number| (number, number * 10)).collect();
        let odd = |item: &u64| (item / 10 % 2 == 1).then_some(*item);
        let (first, next) = page(items.clone(), None, 2, odd);
        assert_eq!((first, next), (vec![10, 30], Some(3)));
        let (rest, next) = page(items.clone(), Some(&3), 3, odd);
        assert_eq!((rest, next), (vec![50, 70, 90], None));
        assert_eq!(page(items, Some(&9), 3, odd), (Vec::new(), None));
    }

    #[test]
    fn tokens_are_read_back_and_made_up_ones_are_not() {
        assert_eq!(read_hexadecimal(&hexadecimal("zones/a web-1")).as_deref(), Some("zones/a web-1"));
        assert_eq!(read_base64("after", &base64("after", 17)), Some(17));
        assert_eq!(read_hexadecimal("zz"), None);
        assert_eq!(read_base64("after", &base64("skip", 17)), None);
        assert_eq!(read_base64("after", "again"), None);
    }
}
