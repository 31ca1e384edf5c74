//! An SSH public key, parsed, so that a wrong one is refused before anything is made with it.

use std::fmt;
use std::str::FromStr;

use ssh_key::{HashAlg, PublicKey};

use crate::{Error, Result};

/// An SSH public key as in `authorized_keys`: algorithm, key and an optional comment.
///
/// Two keys are equal when their key material is, whatever their comments say.
///
/// ```
/// use cloud_types::SshPublicKey;
///
/// let text = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti me@laptop";
/// let key: SshPublicKey = text.parse()?;
/// assert!(key.fingerprint().starts_with("SHA256:"));
/// assert!("ssh-ed25519 nonsense".parse::<SshPublicKey>().is_err());
/// # Ok::<(), cloud_types::Error>(())
/// ```
#[derive(Clone)]
pub struct SshPublicKey {
    key: PublicKey,
}

impl SshPublicKey {
    /// The line as in `authorized_keys`, without the comment.
    #[must_use]
    pub fn to_openssh(&self) -> String {
        let mut bare = self.key.clone();
        bare.set_comment("");
        bare.to_openssh().expect("a parsed key can be written").trim_end().to_owned()
    }

    /// The fingerprint that `ssh-keygen -l` prints: `SHA256:` and base64.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.key.fingerprint(HashAlg::Sha256).to_string()
    }

    /// The whole SHA-256 of the key as 64 hexadecimal digits, for use in names.
    #[must_use]
    pub fn fingerprint_hex(&self) -> String {
        let print = self.key.fingerprint(HashAlg::Sha256);
        print.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The comment behind the key, often `user@machine`.
    #[must_use]
    pub fn comment(&self) -> &str {
        self.key.comment()
    }

    /// The key material in SSH's wire form, for a provider's own kind of fingerprint.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.key.to_bytes().expect("a parsed key can be written")
    }
}

impl FromStr for SshPublicKey {
    type Err = Error;

    fn from_str(line: &str) -> Result<Self> {
        let key = PublicKey::from_openssh(line.trim()).map_err(|error| {
            Error::invalid("ssh_keys", format!("must be a public key as in authorized_keys ({error})"))
        })?;
        Ok(Self { key })
    }
}

impl PartialEq for SshPublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.key.key_data() == other.key.key_data()
    }
}

impl Eq for SshPublicKey {}

impl fmt::Display for SshPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_openssh())
    }
}

impl fmt::Debug for SshPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SshPublicKey({})", self.fingerprint())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for SshPublicKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for SshPublicKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let line = String::deserialize(deserializer)?;
        line.parse().map_err(serde::de::Error::custom)
    }
}
