//! Text that is kept but never shown: it prints and serializes as its length and a hash.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// A value such as user data that must not reach logs or dumps.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A stable fingerprint of the text: tells two secrets apart, is no protection for a short one.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.0.hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Secret({} bytes, {})", self.0.len(), self.hash())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Secret", 2)?;
        fields.serialize_field("bytes", &self.0.len())?;
        fields.serialize_field("hash", &self.hash())?;
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_neither_in_debug_nor_in_json() {
        let secret = Secret::new("hunter2");
        assert!(!format!("{secret:?}").contains("hunter2"));
        let json = serde_json::to_string(&secret).unwrap();
        assert!(!json.contains("hunter2") && json.contains("\"bytes\":7"));
    }
}
