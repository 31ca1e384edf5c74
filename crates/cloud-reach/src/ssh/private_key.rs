//! The private key that a session is opened with. It is never printed.

use std::fmt;
use std::sync::Arc;

use cloud_types::{Error, Result, SshPublicKey};
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey, key::safe_rng};
use secrecy::{ExposeSecret, SecretString};

/// A private Ed25519 key. Its `Debug` shows the public key's fingerprint alone.
///
/// ```
/// use cloud_reach::SshPrivateKey;
///
/// let key = SshPrivateKey::generate()?;
/// assert!(key.public().to_openssh().starts_with("ssh-ed25519 "));
/// # Ok::<(), cloud_types::Error>(())
/// ```
#[derive(Clone)]
pub struct SshPrivateKey {
    pub(super) key: Arc<PrivateKey>,
    public: SshPublicKey,
}

impl SshPrivateKey {
    /// A new Ed25519 key.
    ///
    /// # Errors
    /// `Unexpected` where this machine has no random numbers.
    pub fn generate() -> Result<Self> {
        let key = PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519)
            .map_err(|_| Error::new(cloud_types::ErrorKind::Unexpected, "no key could be made"))?;
        Self::new(key)
    }

    /// Reads a key as in `~/.ssh/id_ed25519`, without a passphrase.
    ///
    /// # Errors
    /// `InvalidRequest` on field `private_key` for another form, a key of another kind, and one that is encrypted.
    pub fn from_openssh(text: &SecretString) -> Result<Self> {
        let key = PrivateKey::from_openssh(text.expose_secret())
            .map_err(|_| Error::invalid("private_key", "must be a private key in OpenSSH's form"))?;
        if key.is_encrypted() {
            return Err(Error::invalid("private_key", "must have no passphrase"));
        }
        Self::new(key)
    }

    /// The key as a file holds it.
    #[must_use]
    pub fn to_openssh(&self) -> SecretString {
        let text = self.key.to_openssh(LineEnding::LF).expect("a parsed key can be written");
        SecretString::from(text.as_str())
    }

    /// What a host is told to let this key in.
    #[must_use]
    pub fn public(&self) -> &SshPublicKey {
        &self.public
    }

    fn new(key: PrivateKey) -> Result<Self> {
        if key.algorithm() != Algorithm::Ed25519 {
            return Err(Error::invalid("private_key", "must be an Ed25519 key"));
        }
        let mut public = key.public_key().clone();
        public.set_comment("");
        let public = public.to_openssh().ok().and_then(|line| line.parse().ok());
        let public = public.ok_or_else(|| Error::invalid("private_key", "must have a public key"))?;
        Ok(Self { key: Arc::new(key), public })
    }
}

impl fmt::Debug for SshPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SshPrivateKey({})", self.public.fingerprint())
    }
}
