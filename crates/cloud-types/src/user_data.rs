//! First-boot user data: text for the image's init system, treated as a secret.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// What a host reads at its first boot, such as a cloud-config. It often holds secrets, so it is never printed:
/// `Debug` shows its length only, and it is left out of serialization.
///
/// ```
/// let data = cloud_types::UserData::new("#cloud-config\npassword: hunter2");
/// assert_eq!(format!("{data:?}"), "UserData(31 bytes)");
/// ```
#[derive(Clone)]
pub struct UserData(SecretString);

impl UserData {
    /// User data from its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself, to be sent to the provider and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Its length in bytes, as the providers' limits count.
    #[must_use]
    pub fn len(&self) -> usize {
        self.expose().len()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl PartialEq for UserData {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for UserData {}

impl fmt::Debug for UserData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserData({} bytes)", self.len())
    }
}
