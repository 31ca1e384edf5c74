//! Why a host did not become ready: the rung that it did not reach, and what was seen there last.

use std::error::Error as StdError;
use std::fmt;

use crate::{Error, Rung};

/// The source of an error of [`wait_ready`](crate::CloudProviderExt::wait_ready) that ended before the host was ready.
///
/// What a host writes may hold anything, so that neither `Display` nor `Debug` shows its console.
///
/// ```
/// use cloud_types::{Error, NotReady};
///
/// fn explain(error: &Error) {
///     if let Some(not_ready) = NotReady::of(error) {
///         eprintln!("stuck before the {}: {}", not_ready.rung(), not_ready.evidence());
///         eprintln!("{}", not_ready.console().unwrap_or("no console"));
///     }
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct NotReady {
    rung: Rung,
    evidence: String,
    console: Option<String>,
}

impl NotReady {
    pub(crate) fn new(rung: Rung, evidence: &str, console: Option<&str>) -> Self {
        let (evidence, console) = (plain(evidence), console.map(plain));
        Self { rung, evidence: head(&evidence, EVIDENCE_BYTES).to_owned(), console }
    }

    /// The one that an error of `wait_ready` carries; `None` where the wait ended for another reason.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        error.source()?.downcast_ref()
    }

    /// The lowest rung that the host did not reach.
    #[must_use]
    pub fn rung(&self) -> Rung {
        self.rung
    }

    /// What was seen there last: a line, and where there is more to say, further ones; at most 8 KiB.
    #[must_use]
    pub fn evidence(&self) -> &str {
        &self.evidence
    }

    /// The last lines of the host's console, where it had come to run and the provider can read it: at most 20 lines and
    /// 2 KiB.
    #[must_use]
    pub fn console(&self) -> Option<&str> {
        self.console.as_deref()
    }
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.evidence.lines().next().unwrap_or_default();
        write!(f, "{}: {}", self.rung, head(line, LINE_BYTES))
    }
}

impl fmt::Debug for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotReady")
            .field("rung", &self.rung)
            .field("evidence", &self.evidence)
            .field("console_bytes", &self.console.as_ref().map(String::len))
            .finish()
    }
}

impl StdError for NotReady {}

/// The last lines of a console's output; `None` where it is empty.
pub(crate) fn tail(console: &str) -> Option<&str> {
    let text = console.trim_end();
    let mut start = text.rmatch_indices('\n').nth(CONSOLE_LINES - 1).map_or(0, |(place, _)| place + 1);
    start = start.max(text.len().saturating_sub(CONSOLE_BYTES));
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let tail = &text[start..];
    (!tail.is_empty()).then_some(tail)
}

/// Without the characters by which a host could steer the terminal that shows its words.
fn plain(text: &str) -> String {
    text.chars().filter(|character| matches!(character, '\n' | '\t') || !character.is_control()).collect()
}

/// The beginning of a text, at most so many bytes.
fn head(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

const LINE_BYTES: usize = 300;
const EVIDENCE_BYTES: usize = 8 * 1024;
const CONSOLE_LINES: usize = 20;
const CONSOLE_BYTES: usize = 2 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_is_the_last_lines_and_never_half_a_character() {
        let lines: Vec<String> = (1..=30).map(|line| format!("line {line}")).collect();
        assert_eq!(tail(&lines.join("\n")).unwrap().lines().next(), Some("line 11"));
        assert_eq!(tail("one\ntwo\n\n"), Some("one\ntwo"));
        assert_eq!(tail(" \n"), None);
        let wide = "é".repeat(CONSOLE_BYTES);
        assert_eq!(tail(&format!("{wide}x")).unwrap().len(), CONSOLE_BYTES - 1);
    }

    #[test]
    fn display_is_the_first_line_and_debug_hides_the_console() {
        let not_ready = NotReady::new(Rung::FirstBoot, "failed\u{1b}[2J\nwhy", Some("password: hunter2"));
        assert_eq!(not_ready.to_string(), "first boot: failed[2J");
        assert_eq!(not_ready.evidence(), "failed[2J\nwhy");
        assert!(!format!("{not_ready:?}").contains("hunter2"));
    }

    #[test]
    fn endless_evidence_is_cut() {
        let not_ready = NotReady::new(Rung::Banner, &"é".repeat(100_000), None);
        assert_eq!(not_ready.evidence().len(), EVIDENCE_BYTES);
        assert!(not_ready.to_string().len() < 400);
    }
}
