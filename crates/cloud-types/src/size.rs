//! Sizes with their unit in the type.

use std::fmt;

/// A disk size in gibibytes. Providers that say GB for a disk mean this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct GiB(pub u32);

/// An amount of memory in mebibytes.
///
/// ```
/// assert_eq!(cloud_types::MiB::from_gib(4).to_string(), "4 GiB");
/// assert_eq!(cloud_types::MiB(512).to_string(), "512 MiB");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct MiB(pub u64);

impl MiB {
    /// The same amount given in gibibytes.
    #[must_use]
    pub const fn from_gib(gib: u32) -> Self {
        Self(gib as u64 * 1024)
    }
}

impl fmt::Display for GiB {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} GiB", self.0)
    }
}

impl fmt::Display for MiB {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 1024, self.0 % 1024) {
            (gib, 0) if gib > 0 => write!(f, "{gib} GiB"),
            _ => write!(f, "{} MiB", self.0),
        }
    }
}
