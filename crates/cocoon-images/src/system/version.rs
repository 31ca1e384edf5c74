//! The form of a record on disk.

use serde::{Deserialize, Serialize};

/// The one form of a record so far: the number 1 in its JSON. A record of a later form is not read, but refused with that reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Version;

impl From<Version> for u32 {
    fn from(_: Version) -> Self {
        1
    }
}

impl TryFrom<u32> for Version {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        (number == 1).then_some(Self).ok_or_else(|| format!("version {number}: written by a newer cocoon"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_a_later_version_is_refused_with_the_reason() {
        let error = serde_json::from_str::<Version>("2").unwrap_err();
        assert!(error.to_string().contains("newer cocoon"), "{error}");
    }
}
