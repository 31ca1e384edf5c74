//! Public SSH keys.

use jiff::Timestamp;
use serde::Serialize;

use super::{Kind, Labels, Record};

/// A public SSH key that hosts can be made with.
#[derive(Debug, Clone, Serialize)]
pub struct SshKey {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The line as in `authorized_keys`.
    pub public_key: String,
    /// A fingerprint in the form that the caller chose.
    pub fingerprint: String,
    /// Labels.
    pub labels: Labels,
    /// When it was added.
    pub created: Timestamp,
}

impl Record for SshKey {
    const KIND: Kind = Kind::SshKey;

    fn id(&self) -> u64 {
        self.id
    }

    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn rename(&mut self, name: String) {
        self.name = name;
    }
}
