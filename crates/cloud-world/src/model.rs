//! The things a world holds, as plain data; what happens to them is in the files beside.

pub(crate) mod address;
pub(crate) mod firewall;
pub(crate) mod host;
pub(crate) mod image;
pub(crate) mod secret;
pub(crate) mod ssh_key;
pub(crate) mod volume;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// Labels of a resource: key to value.
pub type Labels = BTreeMap<String, String>;

/// What sort of thing an id, an error or a count is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A virtual machine.
    Host,
    /// A network disk.
    Volume,
    /// A public IP address.
    Address,
    /// A public SSH key.
    SshKey,
    /// A stock image, a snapshot or a backup.
    Image,
    /// A packet filter.
    Firewall,
    /// A change that takes time.
    Action,
    /// A place.
    Region,
    /// A size of host.
    MachineType,
}

impl Kind {
    /// The kinds that an account owns and pays for or has to clean up.
    pub const OWNED: [Self; 6] = [Self::Host, Self::Volume, Self::Address, Self::SshKey, Self::Image, Self::Firewall];

    /// The kind in words, as in "ssh key".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Volume => "volume",
            Self::Address => "address",
            Self::SshKey => "ssh key",
            Self::Image => "image",
            Self::Firewall => "firewall",
            Self::Action => "action",
            Self::Region => "region",
            Self::MachineType => "machine type",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.words())
    }
}

/// The instruction set of a machine type or an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// x86-64.
    X86,
    /// 64-bit ARM.
    Arm,
}

/// A thing that lives in a [`Table`](crate::Table).
pub trait Record: Clone {
    /// What errors about this record call it.
    const KIND: Kind;

    /// The id, unique over all kinds of one world.
    fn id(&self) -> u64;

    /// The name, where the record has one.
    fn name(&self) -> Option<&str>;

    /// Gives the record another name.
    fn rename(&mut self, name: String);
}
