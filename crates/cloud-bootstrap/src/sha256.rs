//! A SHA-256 sum, parsed.

use std::fmt;
use std::str::FromStr;

use cloud_types::{Error, Result};

/// A SHA-256 sum as `sha256sum` prints it: 64 hexadecimal digits.
///
/// ```
/// use cloud_bootstrap::Sha256;
///
/// let sum: Sha256 = "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08".parse()?;
/// assert_eq!(sum, Sha256::of(b"test"));
/// assert!("9f86d0".parse::<Sha256>().is_err());
/// # Ok::<(), cloud_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sha256(String);

impl Sha256 {
    /// The sum of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest;
        Self(sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The 64 digits, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sha256 {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        Err(Error::invalid("sha256", format!("must be 64 hexadecimal digits, got {text:?}")))
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
