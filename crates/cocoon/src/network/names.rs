//! Names of what is made in the kernel: from each it can be told whose it is.
//!
//! An interface's name has at most 15 bytes. Ours are a kind, five digits of the installation and eight of the network or VM:
//! `cn` for bridges, `ct` for the interfaces of VMs. Tables of rules are named after the interface that they are for.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::state::VmId;

/// What the names of one installation begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names(String);

impl Names {
    /// Those of the installation at this root, however its path is written.
    pub(super) fn of(root: &Path) -> Self {
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let digest = Sha256::digest(root.as_os_str().as_encoded_bytes());
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()[..5].to_owned())
    }

    /// A bridge's, which no other has.
    pub(super) fn bridge(&self) -> String {
        format!("cn{}{:08x}", self.0, fastrand::u32(..))
    }

    /// The interface's of a VM.
    pub(super) fn tap(&self, id: &VmId) -> String {
        format!("ct{}{}", self.0, &id.as_str()[..8])
    }

    /// Whether an interface is a bridge of this installation.
    pub(super) fn is_bridge(&self, interface: &str) -> bool {
        self.has(interface, "cn")
    }

    /// Whether an interface is a VM's of this installation.
    pub(super) fn is_tap(&self, interface: &str) -> bool {
        self.has(interface, "ct")
    }

    fn has(&self, interface: &str, kind: &str) -> bool {
        let rest = interface.strip_prefix(kind).and_then(|rest| rest.strip_prefix(&self.0));
        rest.is_some_and(|rest| rest.len() == 8 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }
}

/// The table of rules for an interface.
pub(super) fn table(interface: &str) -> String {
    format!("{TABLE}{interface}")
}

/// The interface that a table of rules is for.
pub(super) fn of_table(table: &str) -> Option<&str> {
    table.strip_prefix(TABLE)
}

const TABLE: &str = "cocoon-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_of_an_interface_is_told_by_its_name() {
        let (one, other) = (Names::of("/var/lib/one".as_ref()), Names::of("/var/lib/other".as_ref()));
        let (bridge, tap) = (one.bridge(), one.tap(&VmId::random()));
        for name in [&bridge, &tap] {
            assert_eq!(name.len(), 15);
            assert_eq!(of_table(&table(name)), Some(name.as_str()));
        }
        assert!(one.is_bridge(&bridge) && one.is_tap(&tap));
        assert!(!one.is_tap(&bridge) && !other.is_bridge(&bridge) && !other.is_tap(&tap));
        assert!(!one.is_bridge("cni0") && !one.is_bridge("docker0") && !one.is_tap("ct"));
    }
}
