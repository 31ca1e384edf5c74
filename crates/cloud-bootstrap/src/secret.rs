//! Values that may be secret, and tokens.

use std::fmt;

use cloud_types::{Error, Result};
use secrecy::{ExposeSecret, SecretString};

/// A bearer token: 1 to 4,096 of the characters that <https://www.rfc-editor.org/rfc/rfc6750#section-2.1> allows. It is
/// never printed.
///
/// ```
/// let token = cloud_bootstrap::Token::new("c2VjcmV0")?;
/// assert_eq!(format!("{token:?}"), "Token(..)");
/// # Ok::<(), cloud_types::Error>(())
/// ```
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    /// A token from its text.
    ///
    /// # Errors
    /// `InvalidRequest` where a character cannot be in a token.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let good = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte));
        if good && (1..=4096).contains(&text.len()) {
            return Ok(Self(text.into()));
        }
        Err(Error::invalid("token", "must be 1 to 4096 of A-Z, a-z, 0-9 and -._~+/="))
    }

    /// The text itself, to be sent and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// A text that may be a secret.
#[derive(Clone)]
pub(crate) enum Value {
    Plain(String),
    Secret(SecretString),
}

impl Value {
    pub(crate) fn secret(text: impl Into<String>) -> Self {
        Self::Secret(text.into().into())
    }

    pub(crate) fn expose(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(text) => text.expose_secret(),
        }
    }
}

impl From<&Token> for Value {
    fn from(token: &Token) -> Self {
        Self::Secret(token.0.clone())
    }
}

impl<T: Into<String>> From<T> for Value {
    fn from(text: T) -> Self {
        Self::Plain(text.into())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => text.fmt(f),
            Self::Secret(_) => f.write_str("[secret]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_fits_into_a_header() {
        for bad in ["", "a b", "a\nb", "a\"b", "ä", &"a".repeat(4097)] {
            let error = Token::new(bad).unwrap_err();
            assert_eq!(error.field(), Some("token"));
            assert!(bad.len() < 2 || !error.to_string().contains(bad), "a wrong token is not repeated");
        }
    }

    #[test]
    fn a_secret_value_is_not_printed() {
        assert_eq!(format!("{:?}", Value::secret("hunter2")), "[secret]");
        assert_eq!(format!("{:?}", Value::from("a")), "\"a\"");
    }
}
