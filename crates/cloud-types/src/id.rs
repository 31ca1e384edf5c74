//! Identifiers: of providers, of the things they keep, of who owns them, and of one wish to create.
//!
//! An identifier from a provider is opaque: its text round-trips, and only that provider's crate reads it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::name::check_name;
use crate::{Error, Result};

/// Which provider: an open set, so that a crate outside this workspace can add one.
///
/// ```
/// let id = cloud_types::ProviderId::new("acme");
/// assert_eq!(id.as_str(), "acme");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct ProviderId(Cow<'static, str>);

impl ProviderId {
    /// A provider's id, by convention its crate's short name in lower case.
    pub const fn new(id: &'static str) -> Self {
        Self(Cow::Borrowed(id))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for ProviderId {
    fn from(id: String) -> Self {
        Self(Cow::Owned(id))
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

macro_rules! opaque_ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
        pub struct $name(String);

        impl $name {
            /// An id from the text that its provider wrote.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The whole id as text: what [`new`](Self::new) takes.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The provider's own id: the part after the last `/`, or all of it.
            #[must_use]
            pub fn native(&self) -> &str {
                self.0.rsplit('/').next().unwrap_or(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }
    )*};
}

opaque_ids! {
    /// Which host: its text form round-trips and holds all that the API needs to find the host again.
    ///
    /// An id that a provider answered names this one host and never a later one of the same name: once the host is deleted,
    /// the id is [`NotFound`](crate::ErrorKind::NotFound), and deleting it again touches nobody.
    ///
    /// ```
    /// let id = cloud_types::HostId::new("eu-west-1/i-1a2b3c4d");
    /// assert_eq!((id.as_str(), id.native()), ("eu-west-1/i-1a2b3c4d", "i-1a2b3c4d"));
    /// ```
    HostId,
    /// Which snapshot.
    SnapshotId,
    /// Which SSH key, as the provider keeps it.
    SshKeyId,
    /// Which volume.
    VolumeId,
}

/// Who a host belongs to, so that several services can share one account.
///
/// At most 40 characters: lower-case letters, digits and `-`, starting with a letter, ending with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "String", into = "String")
)]
pub struct Owner(String);

impl Owner {
    /// Checks and takes an owner's name.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) on field `owner` where the text breaks the rule above.
    ///
    /// ```
    /// # use cloud_types::Owner;
    /// assert!(Owner::new("billing").is_ok());
    /// assert_eq!(Owner::new("Billing").unwrap_err().field(), Some("owner"));
    /// ```
    pub fn new(text: impl Into<String>) -> Result<Self> {
        check_name("owner", text.into(), 40).map(Self)
    }

    /// The owner as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Owner {
    /// `default`: for an account that one service has to itself.
    fn default() -> Self {
        Self("default".to_owned())
    }
}

/// One wish to create one host, made and stored by the caller before the call: after a crash the same wish finds its host.
///
/// 8 to 63 characters: lower-case letters, digits and `-`, starting with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "String", into = "String")
)]
pub struct CreateToken(String);

impl CreateToken {
    /// A new random token, long enough that no two are alike.
    #[must_use]
    pub fn random() -> Self {
        Self(format!("{:032x}", fastrand::u128(..)))
    }

    /// A token that was stored before.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) on field `create_token` where the text breaks the rule above.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let inside = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !(8..=63).contains(&text.len()) || !inside || text.starts_with('-') || text.ends_with('-') {
            return Err(Error::invalid(
                "create_token",
                "must be 8 to 63 lower-case letters, digits and '-', not starting or ending with '-'",
            ));
        }
        Ok(Self(text))
    }

    /// The token as text, to be stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! text_conversions {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self> {
                Self::new(text)
            }
        }
        impl TryFrom<String> for $name {
            type Error = Error;
            fn try_from(text: String) -> Result<Self> {
                Self::new(text)
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    )*};
}
text_conversions!(Owner, CreateToken);
pub(crate) use text_conversions;
