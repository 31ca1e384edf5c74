//! The SSH key by which a host shows who it is.

use std::fmt;

use cloud_types::{Error, ErrorKind, Result, SshPublicKey};
use secrecy::{ExposeSecret, SecretString};
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, LineEnding, PrivateKey};

/// The host's own SSH key, ed25519, made before the host is: who connects first knows it already, and trusts nobody
/// blindly.
///
/// Store it beside the host's spec: a create that is repeated must hand over the same. `Debug` shows the fingerprint only.
///
/// ```
/// use cloud_bootstrap::HostKey;
///
/// let key = HostKey::generate()?;
/// let stored = key.to_openssh();
/// assert_eq!(HostKey::from_openssh(&stored)?.public(), key.public());
/// # Ok::<(), cloud_types::Error>(())
/// ```
#[derive(Clone)]
pub struct HostKey {
    private: SecretString,
    public: SshPublicKey,
}

impl HostKey {
    /// A new key, from the system's random numbers.
    ///
    /// # Errors
    /// `Unexpected` where the key cannot be written, which no key of this kind does.
    pub fn generate() -> Result<Self> {
        Self::of(&PrivateKey::random(&mut OsRng, Algorithm::Ed25519).map_err(|error| unexpected(&error))?)
    }

    /// The key that [`to_openssh`](Self::to_openssh) or `ssh-keygen -t ed25519 -N ''` has written.
    ///
    /// # Errors
    /// `InvalidRequest` where it is no such key.
    pub fn from_openssh(text: &SecretString) -> Result<Self> {
        let key = PrivateKey::from_openssh(text.expose_secret())
            .map_err(|error| Error::invalid("host_key", format!("must be an OpenSSH private key ({error})")))?;
        if key.algorithm() != Algorithm::Ed25519 || key.is_encrypted() {
            return Err(Error::invalid("host_key", "must be an ed25519 key without a passphrase"));
        }
        Self::of(&key)
    }

    fn of(key: &PrivateKey) -> Result<Self> {
        let mut key = key.clone();
        key.set_comment("");
        let private = key.to_openssh(LineEnding::LF).map_err(|error| unexpected(&error))?;
        let public = key.public_key().to_openssh().map_err(|error| unexpected(&error))?.parse()?;
        Ok(Self { private: SecretString::from(private.as_str()), public })
    }

    /// The public half, which who connects expects.
    #[must_use]
    pub fn public(&self) -> &SshPublicKey {
        &self.public
    }

    /// The private half as a file of `ssh-keygen`, to be stored.
    #[must_use]
    pub fn to_openssh(&self) -> SecretString {
        self.private.clone()
    }
}

fn unexpected(error: &ssh_key::Error) -> Error {
    Error::new(ErrorKind::Unexpected, format!("the host key cannot be written ({error})"))
}

impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostKey({})", self.public.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_key_is_written_the_same_again() {
        let key = HostKey::generate().unwrap();
        let again = HostKey::from_openssh(&key.to_openssh()).unwrap();
        assert_eq!(again.to_openssh().expose_secret(), key.to_openssh().expose_secret());
    }

    #[test]
    fn two_keys_differ() {
        assert_ne!(HostKey::generate().unwrap().public(), HostKey::generate().unwrap().public());
    }

    #[test]
    fn a_wrong_key_is_not_repeated_in_the_error() {
        let error = HostKey::from_openssh(&"hunter2".into()).unwrap_err();
        assert_eq!(error.field(), Some("host_key"));
        assert!(!error.to_string().contains("hunter2"));
    }

    #[test]
    fn the_private_half_is_not_printed() {
        let key = HostKey::generate().unwrap();
        assert_eq!(format!("{key:?}"), format!("HostKey({})", key.public().fingerprint()));
    }
}
