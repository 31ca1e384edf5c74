//! Labels that every provider takes, and the ones that the workspace itself puts on what it makes.

use std::collections::BTreeMap;

use crate::{Error, Result};

/// Keys that begin so are the workspace's own; see [`ownership`](crate::ownership).
pub const RESERVED_PREFIX: &str = "cloud-";

/// The most labels that a host can carry besides the workspace's own.
pub const MAX_LABELS: usize = 40;

/// Labels of a host, a volume or a snapshot: text by text, valid on every provider.
///
/// A key is 1 to 63 lower-case letters, digits, `-` and `_`, starting with a letter and ending with a letter or digit;
/// it does not begin with `cloud-`. A value is up to 63 of the same characters, starting and ending with a letter or
/// digit, or empty. At most 40 of them. (The strictest are
/// [these](https://cloud.google.com/compute/docs/labeling-resources#requirements).)
///
/// ```
/// let labels = cloud_types::Labels::new().with("role", "web")?.with("canary", "")?;
/// assert_eq!(labels.get("role"), Some("web"));
/// # Ok::<(), cloud_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")
)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// No labels.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These labels and one more; a key that is there already gets the new value.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) on field `labels` where a rule above is broken.
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Result<Self> {
        let (key, value) = (key.into(), value.into());
        check_key(&key)?;
        check_value(&key, &value)?;
        self.0.insert(key, value);
        if self.0.len() > MAX_LABELS {
            return Err(Error::invalid("labels", format!("must be at most {MAX_LABELS}")));
        }
        Ok(self)
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// All of them, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeMap<String, String>> for Labels {
    type Error = Error;
    fn try_from(map: BTreeMap<String, String>) -> Result<Self> {
        map.into_iter().try_fold(Self::new(), |labels, (key, value)| labels.with(key, value))
    }
}

impl From<Labels> for BTreeMap<String, String> {
    fn from(labels: Labels) -> Self {
        labels.0
    }
}

fn check_key(key: &str) -> Result<()> {
    if key.starts_with(RESERVED_PREFIX) {
        return Err(Error::invalid("labels", format!("a key must not begin with {RESERVED_PREFIX:?}, got {key:?}")));
    }
    if !key.starts_with(|c: char| c.is_ascii_lowercase()) || !fits(key) {
        return Err(Error::invalid(
            "labels",
            "a key must be 1 to 63 lower-case letters, digits, '-' and '_', starting with a letter and ending with a letter or digit",
        ));
    }
    Ok(())
}

fn check_value(key: &str, value: &str) -> Result<()> {
    if value.is_empty() || (value.starts_with(|c: char| c.is_ascii_alphanumeric()) && fits(value)) {
        return Ok(());
    }
    let rule = format!(
        "the value of {key:?} must be empty or up to 63 lower-case letters, digits, '-' and '_', starting and ending with a letter or digit"
    );
    Err(Error::invalid("labels", rule))
}

fn fits(text: &str) -> bool {
    text.len() <= 63
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_that_some_provider_would_refuse_are_refused() {
        let long = "a".repeat(64);
        for (key, value) in [
            ("", "v"),
            ("1a", "v"),
            ("A", "v"),
            ("a-", "v"),
            ("a.b", "v"),
            ("cloud-x", "v"),
            ("k", "V"),
            ("k", "-v"),
            ("k", &long),
        ] {
            let error = Labels::new().with(key, value).expect_err(key);
            assert_eq!(error.field(), Some("labels"));
        }
    }

    #[test]
    fn the_forty_first_label_is_refused() {
        let full = (0..MAX_LABELS).try_fold(Labels::new(), |l, n| l.with(format!("k{n}"), "v")).unwrap();
        assert!(full.clone().with("k0", "other").is_ok());
        assert!(full.with("one-more", "v").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_is_accepted_is_kept(key in "\\PC{0,70}", value in "\\PC{0,70}") {
            if let Ok(labels) = Labels::new().with(key.clone(), value.clone()) {
                prop_assert_eq!(labels.get(&key), Some(value.as_str()));
            }
        }
    }
}
