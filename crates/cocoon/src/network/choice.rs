//! The network that a caller wants.

use std::fmt;
use std::str::FromStr;

use cloud_types::{Error, Name, Result};

/// What a VM's network card is to be connected with.
///
/// ```
/// # fn main() -> cloud_types::Result<()> {
/// use cocoon::NetworkChoice;
///
/// assert_eq!("user".parse::<NetworkChoice>()?, NetworkChoice::User);
/// let choice: NetworkChoice = "backend".parse()?;
/// assert_eq!(choice.to_string(), "backend");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkChoice {
    /// QEMU's own network, which needs no rights: outward through this box, inward by published ports, and no way to other
    /// VMs.
    User,
    /// No network card at all.
    None,
    /// A network of this installation, made when it is first named. Needs root.
    Named(Name),
}

impl NetworkChoice {
    /// The network of VMs whose hypervisor has none of its own.
    pub(crate) fn default_network() -> Result<Self> {
        Name::new("default").map(Self::Named)
    }
}

impl FromStr for NetworkChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "user" => Ok(Self::User),
            "none" => Ok(Self::None),
            name => Name::new(name).map(Self::Named),
        }
    }
}

impl fmt::Display for NetworkChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User => f.write_str("user"),
            Self::None => f.write_str("none"),
            Self::Named(name) => name.fmt(f),
        }
    }
}
