//! Files of a host.

use std::fmt;

use cloud_types::{Error, Result};
use secrecy::SecretString;

use crate::address::Address;
use crate::check;
use crate::secret::{Token, Value};

/// A file: its path, its content, who owns it and who may read it.
///
/// Folders above it are made where they are missing, as root's with mode 0755. What was at the path before is replaced.
#[derive(Debug, Clone)]
pub struct File {
    pub(crate) path: String,
    pub(crate) content: Content,
    pub(crate) mode: Mode,
    pub(crate) owner: String,
}

/// What is in a file.
#[derive(Clone)]
pub(crate) enum Content {
    Text(Value),
    Bytes(Vec<u8>),
    Fetched { url: Address, token: Token },
}

impl File {
    /// A text file of root's that everybody may read (mode 0644).
    ///
    /// # Errors
    /// `InvalidRequest` where the path is not absolute and in its shortest form.
    pub fn text(path: &str, text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        // No argument of a shell can hold a NUL.
        let content =
            if text.contains('\0') { Content::Bytes(text.into_bytes()) } else { Content::Text(Value::Plain(text)) };
        Self::new(path, content, Mode(0o644))
    }

    /// A file of any bytes, root's, that everybody may read (mode 0644).
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn bytes(path: &str, bytes: impl Into<Vec<u8>>) -> Result<Self> {
        Self::new(path, Content::Bytes(bytes.into()), Mode(0o644))
    }

    /// A text that is secret, for root alone (mode 0600). It is in the user data in the clear, but never printed;
    /// [`fetched`](Self::fetched) keeps it out.
    ///
    /// # Errors
    /// As [`text`](Self::text); and where the text has a NUL.
    pub fn secret(path: &str, text: impl Into<SecretString>) -> Result<Self> {
        let text = Value::Secret(text.into());
        check::no_nul("file", text.expose())?;
        Self::new(path, Content::Text(text), Mode(0o600))
    }

    /// A secret that is not in the user data: the host fetches it, once, with a token that is good for one time (see
    /// [`OneUse`](crate::OneUse)), for root alone (mode 0600). Who reads the user data later finds a token that is spent;
    /// who spends it first makes the host's first boot fail, which is seen.
    ///
    /// # Errors
    /// As [`text`](Self::text); and where the URL is neither `https` nor `http` to an address of a private network.
    pub fn fetched(path: &str, url: &str, token: Token) -> Result<Self> {
        let url = Address::parse_private("file.url", url)?;
        Self::new(path, Content::Fetched { url, token }, Mode(0o600))
    }

    fn new(path: &str, content: Content, mode: Mode) -> Result<Self> {
        Ok(Self { path: check::path("file.path", path)?, content, mode, owner: "root".to_owned() })
    }

    /// Another mode.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Another owner than root: a user that the image or the [`Bootstrap`](crate::Bootstrap) has. The group is the
    /// user's own.
    ///
    /// # Errors
    /// `InvalidRequest` where it is no name of a user.
    pub fn owner(mut self, user: &str) -> Result<Self> {
        self.owner = check::account("file.owner", user)?;
        Ok(self)
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => text.fmt(f),
            Self::Bytes(bytes) => write!(f, "[{} bytes]", bytes.len()),
            Self::Fetched { url, .. } => write!(f, "[from {url:?}]"),
        }
    }
}

/// Who may do what with a file: up to `0o7777`, as `chmod` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode(u16);

impl Mode {
    /// A mode such as `0o640`.
    ///
    /// # Errors
    /// `InvalidRequest` above `0o7777`.
    pub fn new(bits: u16) -> Result<Self> {
        if bits <= 0o7777 {
            return Ok(Self(bits));
        }
        Err(Error::invalid("mode", format!("must be at most 0o7777, got 0o{bits:o}")))
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_file_is_roots_alone_and_not_printed() {
        let file = File::secret("/etc/key", "hunter2").unwrap();
        assert_eq!(file.mode.to_string(), "0600");
        assert!(!format!("{file:?}").contains("hunter2"), "{file:?}");
    }

    #[test]
    fn a_fetched_file_shows_neither_token_nor_query() {
        let token = Token::new("hunter2").unwrap();
        let file = File::fetched("/etc/key", "https://example.com/k?a=hunter3", token).unwrap();
        assert!(!format!("{file:?}").contains("hunter"), "{file:?}");
    }

    #[test]
    fn a_mode_has_four_digits() {
        assert_eq!(Mode::new(0o4750).unwrap().to_string(), "4750");
        assert!(Mode::new(0o10000).is_err());
    }
}
