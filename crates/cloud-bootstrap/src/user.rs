//! Users of a host.

use cloud_types::{Error, Result, SshPublicKey};

use crate::check;

/// A user who signs in by SSH key; there are no passwords.
///
/// A user that the image has already gets the keys, groups and rights in addition.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    pub(crate) name: String,
    pub(crate) keys: Vec<SshPublicKey>,
    pub(crate) groups: Vec<String>,
    pub(crate) shell: String,
    pub(crate) sudo: bool,
}

impl User {
    /// A user without keys and rights, with `/bin/bash`.
    ///
    /// # Errors
    /// `InvalidRequest` where it is no name of a user, or `root`, whose keys are the provider's to set
    /// ([`HostSpec::ssh_keys`](cloud_types::HostSpec)).
    pub fn new(name: &str) -> Result<Self> {
        if name == "root" {
            return Err(Error::invalid("user", "must not be root: its keys belong to the host's spec"));
        }
        let name = check::account("user", name)?;
        Ok(Self { name, keys: Vec::new(), groups: Vec::new(), shell: "/bin/bash".to_owned(), sudo: false })
    }

    /// Lets who has this key sign in.
    #[must_use]
    pub fn key(mut self, key: SshPublicKey) -> Self {
        if !self.keys.contains(&key) {
            self.keys.push(key);
        }
        self
    }

    /// Lets the user become root without a password.
    #[must_use]
    pub fn sudo(mut self) -> Self {
        self.sudo = true;
        self
    }

    /// Puts the user into a group, which is made where there is none.
    ///
    /// # Errors
    /// `InvalidRequest` where it is no name of a group.
    pub fn group(mut self, name: &str) -> Result<Self> {
        let name = check::account("group", name)?;
        if !self.groups.contains(&name) {
            self.groups.push(name);
        }
        Ok(self)
    }

    /// Another shell than `/bin/bash`.
    ///
    /// # Errors
    /// `InvalidRequest` where it is no plain absolute path.
    pub fn shell(mut self, path: &str) -> Result<Self> {
        self.shell = check::plain_path("shell", path)?;
        Ok(self)
    }
}
