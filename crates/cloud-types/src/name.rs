//! Names that are valid by construction: of hosts, volumes and snapshots, and of the places they live in.

use std::fmt;
use std::str::FromStr;

use crate::id::text_conversions;
use crate::{Error, Result};

/// The name of a host, a volume or a snapshot; of a host it is also the host name inside.
///
/// At most 63 characters: lower-case letters, digits and `-`, starting with a letter, ending with a letter or digit
/// ([RFC 1123](https://www.rfc-editor.org/rfc/rfc1123#page-13) narrowed to what every provider takes).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "String", into = "String")
)]
pub struct Name(String);

impl Name {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) on field `name` where the text breaks the rule above.
    ///
    /// ```
    /// # use cloud_types::Name;
    /// assert_eq!(Name::new("web-1")?.as_str(), "web-1");
    /// assert_eq!(Name::new("Web 1").unwrap_err().field(), Some("name"));
    /// # Ok::<(), cloud_types::Error>(())
    /// ```
    pub fn new(text: impl Into<String>) -> Result<Self> {
        check_name("name", text.into(), 63).map(Self)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_conversions!(Name);

macro_rules! provider_words {
    ($($(#[$doc:meta])* $name:ident: $field:literal,)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "String", into = "String"))]
        pub struct $name(String);

        impl $name {
            /// Takes the provider's word; whether it exists is the provider's to say.
            ///
            /// # Errors
            #[doc = concat!("[`InvalidRequest`](crate::ErrorKind::InvalidRequest) on field `", $field,
                "` unless it is 1 to 128 letters, digits, `-`, `_`, `.` and `:`.")]
            pub fn new(text: impl Into<String>) -> Result<Self> {
                check_word($field, text.into()).map(Self)
            }

            /// The word as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        text_conversions!($name);
    )*};
}

provider_words! {
    /// A provider's region: where its hosts live and its prices hold.
    Region: "region",
    /// A zone within a region that can fail, or be full, by itself.
    Zone: "zone",
    /// A provider's machine type, such as `cx22` or `m7g.large`.
    MachineTypeName: "machine",
}

/// The shared rule of names: lower-case letters, digits and `-`, from a letter to a letter or digit.
pub(crate) fn check_name(field: &'static str, text: String, longest: usize) -> Result<String> {
    let inside = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let ends = text.starts_with(|c: char| c.is_ascii_lowercase()) && !text.ends_with('-');
    if inside && ends && text.len() <= longest {
        return Ok(text);
    }
    let rule = format!(
        "must be 1 to {longest} lower-case letters, digits and '-', starting with a letter and ending with a letter or digit, got {}",
        excerpt(&text)
    );
    Err(Error::invalid(field, rule))
}

fn check_word(field: &'static str, text: String) -> Result<String> {
    let inside = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'));
    if inside && (1..=128).contains(&text.len()) {
        return Ok(text);
    }
    let rule = format!("must be 1 to 128 letters, digits, '-', '_', '.' and ':', got {}", excerpt(&text));
    Err(Error::invalid(field, rule))
}

/// At most 40 characters of a rejected text, quoted, so that an error stays one short line.
fn excerpt(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{:?}… ({} bytes)", &text[..end], text.len()),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_outside_the_rule_are_refused_with_the_field_and_the_rule() {
        for bad in ["", "-web", "web-", "1web", "Web", "web_1", "web.1", "wéb", &"a".repeat(64)] {
            let error = Name::new(bad).expect_err(bad);
            assert_eq!((error.kind(), error.field()), (crate::ErrorKind::InvalidRequest, Some("name")));
            assert!(error.message().contains("1 to 63"), "{error}");
        }
        assert!(Region::new("a/b").is_err());
    }

    proptest! {
        #[test]
        fn every_accepted_name_round_trips_and_nothing_panics(text in ".{0,80}") {
            if let Ok(name) = Name::new(text.clone()) {
                prop_assert_eq!(name.to_string().parse::<Name>().expect("round trip"), name);
            }
            let _ = Zone::new(text);
        }
    }
}
