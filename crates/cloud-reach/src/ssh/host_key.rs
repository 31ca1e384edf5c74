//! What a host's SSH server must show before anything is sent to it.

use cloud_types::{Error, Result, SshPublicKey};
use russh::keys::{HashAlg, PublicKey};

/// The host key that is expected. Of a host that has several an Ed25519 key is asked for, then ECDSA; one that has an RSA
/// key alone is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKey(Expected);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Expected {
    Key(SshPublicKey),
    Fingerprint(String),
    Any,
}

impl HostKey {
    /// This key, such as the one that the host's user data installs.
    #[must_use]
    pub fn known(key: SshPublicKey) -> Self {
        Self(Expected::Key(key))
    }

    /// The key of this SHA-256 fingerprint, as `ssh-keygen -l` prints it: `SHA256:` and 43 characters.
    ///
    /// # Errors
    /// `InvalidRequest` on field `host_key` for anything else.
    pub fn fingerprint(text: &str) -> Result<Self> {
        let digest = text.strip_prefix("SHA256:").unwrap_or_default();
        let base64 = digest.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
        if digest.len() != 43 || !base64 {
            return Err(Error::invalid("host_key", "must be SHA256: and 43 characters of base64"));
        }
        Ok(Self(Expected::Fingerprint(text.to_owned())))
    }

    /// Whatever key is shown. Who stands between can then read and change all: for tests and hosts that hold nothing.
    #[must_use]
    pub fn unverified() -> Self {
        Self(Expected::Any)
    }

    /// Whether the key that a server proved to have is the expected one.
    pub(super) fn accepts(&self, shown: &PublicKey) -> bool {
        match &self.0 {
            Expected::Key(key) => shown.to_bytes().is_ok_and(|bytes| bytes == key.to_bytes()),
            Expected::Fingerprint(text) => fingerprint(shown) == *text,
            Expected::Any => true,
        }
    }

    /// The expected key's fingerprint, for people.
    pub(super) fn expected(&self) -> String {
        match &self.0 {
            Expected::Key(key) => key.fingerprint(),
            Expected::Fingerprint(text) => text.clone(),
            Expected::Any => "any".to_owned(),
        }
    }

    pub(super) fn is_verified(&self) -> bool {
        self.0 != Expected::Any
    }
}

pub(super) fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}
