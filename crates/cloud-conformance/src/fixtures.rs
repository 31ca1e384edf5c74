//! Values that behaviours are tried with.

use cloud_types::SshPublicKey;

/// A public key whose private half nobody has kept.
pub(crate) fn ssh_key() -> SshPublicKey {
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti conformance"
        .parse()
        .expect("a well-formed key")
}
