//! What a first boot says when it is over: one line, written by a host's user data, read by whoever waits for the host.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// The end of a first boot, as the host itself tells it: on its console, and in the file [`BootSignal::PATH`].
///
/// It is one line, `cloud-boot: ID: ready` or `cloud-boot: ID: failed: STEP: DETAIL`. The id says whose first boot it
/// was: a disk that was cloned still holds the line of the host that it came from.
///
/// ```
/// use cloud_types::{BootId, BootResult, BootSignal};
///
/// let id: BootId = "9f86d081884c7d65".parse()?;
/// let console = "[  12.3] eth0: link up\r\ncloud-boot: 9f86d081884c7d65: failed: bundle: the checksum differs\r\n";
/// let signal = BootSignal::find(console, &id).expect("the line is there");
/// assert!(matches!(signal.result, BootResult::Failed { step, .. } if step == "bundle"));
/// # Ok::<(), cloud_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootSignal {
    /// Whose first boot it was.
    pub id: BootId,
    /// How it ended.
    pub result: BootResult,
}

/// How a first boot ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BootResult {
    /// All was done.
    Ready,
    /// A step failed, and those after it were not tried.
    Failed {
        /// The step, a word such as `bundle`.
        step: String,
        /// What it said, on one line.
        detail: String,
    },
}

/// Names one first boot: 16 to 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BootId(String);

impl BootSignal {
    /// The file on the host that holds the line.
    pub const PATH: &str = "/var/lib/cloud-boot/signal";

    /// Reads one line; `None` where it is no signal. What a console puts before it, such as a time, is skipped.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let (_, rest) = line.trim_end().split_once(MARK)?;
        let (id, result) = rest.split_once(": ")?;
        let id = id.parse().ok()?;
        if result == "ready" {
            return Some(Self { id, result: BootResult::Ready });
        }
        let (step, detail) = result.strip_prefix("failed: ")?.split_once(": ")?;
        Some(Self { id, result: BootResult::Failed { step: step.to_owned(), detail: detail.to_owned() } })
    }

    /// The last signal of this first boot in a text, such as a console's output.
    #[must_use]
    pub fn find(text: &str, id: &BootId) -> Option<Self> {
        text.lines().rev().filter_map(Self::parse).find(|signal| signal.id == *id)
    }
}

impl fmt::Display for BootSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.result {
            BootResult::Ready => write!(f, "{MARK}{}: ready", self.id),
            BootResult::Failed { step, detail } => write!(f, "{MARK}{}: failed: {step}: {detail}", self.id),
        }
    }
}

impl BootId {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BootId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if digits && (16..=64).contains(&text.len()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::invalid("boot_id", format!("must be 16 to 64 lower-case hexadecimal digits, got {text:?}")))
    }
}

impl fmt::Display for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What each signal begins with.
const MARK: &str = "cloud-boot: ";

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> BootId {
        text.parse().unwrap()
    }

    #[test]
    fn a_signal_is_read_as_it_was_written() {
        let failed = BootResult::Failed { step: "bundle".to_owned(), detail: "a: b: c".to_owned() };
        for result in [BootResult::Ready, failed] {
            let signal = BootSignal { id: id("0123456789abcdef"), result };
            assert_eq!(BootSignal::parse(&format!("[   41.02] {signal}\r\n")), Some(signal));
        }
    }

    #[test]
    fn another_boots_signal_is_passed_by() {
        let text = "cloud-boot: 0123456789abcdef: ready\ncloud-boot: fedcba9876543210: failed: x: y\nlogin: ";
        assert_eq!(BootSignal::find(text, &id("0123456789abcdef")).unwrap().result, BootResult::Ready);
        assert_eq!(BootSignal::find(text, &id("aaaaaaaaaaaaaaaa")), None);
    }

    #[test]
    fn what_is_no_signal_is_none() {
        for line in ["", "ready", "cloud-boot: ", "cloud-boot: XYZ: ready", "cloud-boot: 0123456789abcdef: failed"] {
            assert_eq!(BootSignal::parse(line), None, "{line}");
        }
    }

    #[test]
    fn an_id_is_hexadecimal() {
        for text in ["", "0123", "0123456789ABCDEF", &"a".repeat(65)] {
            assert_eq!(text.parse::<BootId>().unwrap_err().field(), Some("boot_id"), "{text}");
        }
    }
}
