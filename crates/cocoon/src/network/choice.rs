//! The network that a caller wants.

use std::fmt;
use std::str::FromStr;

use cloud_types::{Error, Name, Result};

use super::rights;
use super::tool::TOOLS;
use crate::VmSpec;
use crate::hypervisor::HypervisorKind;

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
    pub fn default_network() -> Result<Self> {
        Name::new("default").map(Self::Named)
    }

    /// What a VM is to be connected with, where its spec leaves that open too.
    ///
    /// # Errors
    /// `InvalidRequest` where the hypervisor has no such network, or ports are published to nowhere.
    pub(crate) fn of(spec: &VmSpec, hypervisor: HypervisorKind) -> Result<Self> {
        let choice = match (&spec.network, hypervisor) {
            (Some(choice), _) => choice.clone(),
            (None, HypervisorKind::Qemu) => Self::User,
            (None, HypervisorKind::CloudHypervisor) => Self::default_network()?,
        };
        match &choice {
            Self::User if hypervisor == HypervisorKind::CloudHypervisor => {
                let rule = "Cloud Hypervisor has no network of its own: name one, which needs root, or take `none`";
                Err(Error::invalid("network", rule))
            }
            Self::None if !spec.published.is_empty() => {
                Err(Error::invalid("publish", "a VM without a network has no ports: give it one, or publish none"))
            }
            _ => Ok(choice),
        }
    }

    /// Whether a VM of this spec can do without its hypervisor's own network.
    pub(crate) fn may_be_cocoons(spec: &VmSpec) -> bool {
        match spec.network {
            Some(Self::User) => false,
            Some(Self::None | Self::Named(_)) => true,
            None => rights::has() && TOOLS.iter().all(|tool| tool.path().is_ok()),
        }
    }

    /// That this user and this box can make it.
    ///
    /// # Errors
    /// `PermissionDenied` without root; `Unsupported` where a program is missing.
    pub(crate) fn check_means(&self) -> Result<()> {
        match self {
            Self::User | Self::None => Ok(()),
            Self::Named(_) => {
                rights::check()?;
                TOOLS.iter().try_for_each(|tool| tool.path().map(drop))
            }
        }
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
