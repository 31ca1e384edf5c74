//! Values that behaviours are tried with.

use cloud_types::SshPublicKey;

/// A public key whose private half nobody has kept.
pub(crate) fn ssh_key() -> SshPublicKey {
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti conformance"
        .parse()
        .expect("a well-formed key")
}

/// Another one.
pub(crate) fn other_ssh_key() -> SshPublicKey {
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINq0WnLBSYHMGUPl1wJwnSw5WbHuDJqqhjzGD8Tfqk4q conformance"
        .parse()
        .expect("a well-formed key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_keys_differ() {
        assert_ne!(ssh_key(), other_ssh_key());
    }
}
