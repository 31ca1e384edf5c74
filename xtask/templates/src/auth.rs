//! Who we are to {{Type}}: the token, and how it travels.

use cloud_http::BearerToken;
use cloud_types::{Error, ErrorKind, Result};
use secrecy::SecretString;

/// The token of the environment.
pub(crate) fn token_from_env() -> Result<SecretString> {
    let missing = || Error::new(ErrorKind::Unauthenticated, "{{ENV}}_TOKEN is not set");
    std::env::var("{{ENV}}_TOKEN").map(SecretString::from).map_err(|_| missing())
}

/// The token as each request carries it.
pub(crate) fn bearer(token: SecretString) -> BearerToken {
    BearerToken::new(token)
}
