//! Words that come from an API: they must not flood or forge a log, and what makes no sense is not guessed.

use std::fmt::Display;

use cloud_types::{Error, ErrorKind, Result};

/// At most 300 characters in one line.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

/// The kind that stands beside a word in a table that is sorted by its words.
#[must_use]
pub fn kind_of(table: &[(&str, ErrorKind)], word: &str) -> Option<ErrorKind> {
    table.binary_search_by_key(&word, |(known, _)| known).ok().map(|row| table[row].1)
}

/// A word of an answer that was parsed: where it was refused, the answer is at fault and not the caller.
///
/// # Errors
/// `Unexpected`.
pub fn word<T>(parsed: Result<T>) -> Result<T> {
    parsed.map_err(|error| nonsense(error.field().unwrap_or("a word")))
}

/// The error for something in an answer that makes no sense, without what stood there.
pub fn nonsense(what: impl Display) -> Error {
    Error::new(ErrorKind::Unexpected, format!("the provider's answer holds {what} that makes no sense"))
}

#[cfg(test)]
mod tests {
    use cloud_types::Region;

    use super::*;

    #[test]
    fn what_comes_from_outside_is_one_line_of_bounded_length() {
        assert_eq!(one_line("a\nb\u{1b}[0m"), "a b [0m");
        assert_eq!(one_line(&"x".repeat(1000)).len(), 300);
    }

    #[test]
    fn a_word_that_an_answer_should_not_hold_is_the_answers_fault_and_not_repeated() {
        let error = word(Region::new("no region!")).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Unexpected, None));
        assert!(!error.message().contains("no region!"), "{error}");
    }

    #[test]
    fn a_word_that_no_table_has_has_no_kind() {
        let table = [("busy", ErrorKind::Conflict), ("gone", ErrorKind::NotFound)];
        assert_eq!((kind_of(&table, "gone"), kind_of(&table, "new")), (Some(ErrorKind::NotFound), None));
    }
}
