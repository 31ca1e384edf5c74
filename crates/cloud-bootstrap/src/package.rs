//! The name of a package of the host's distribution.

use std::fmt;
use std::str::FromStr;

use cloud_types::{Error, Result};

/// A package as `apt-get` or `dnf` knows it, such as `git`: 2 to 128 of `A-Za-z0-9+._-`, a letter or digit first.
///
/// ```
/// use cloud_bootstrap::Package;
///
/// let package: Package = "g++-12".parse()?;
/// assert_eq!(package.as_str(), "g++-12");
/// assert!("--purge".parse::<Package>().is_err());
/// # Ok::<(), cloud_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Package(String);

impl Package {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Package {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let start = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        let rest = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+._-".contains(&byte));
        // apt-get reads `name-` as "remove" and `name+` as "install".
        if start && rest && !text.ends_with('-') && (2..=128).contains(&text.len()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::invalid("package", format!("must be 2 to 128 of A-Z, a-z, 0-9 and +._-, got {text:?}")))
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
