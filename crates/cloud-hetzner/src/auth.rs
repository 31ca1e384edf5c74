//! The credentials: one token, which belongs to one project.

use cloud_http::BearerToken;
use cloud_types::{Error, ErrorKind, Result};
use secrecy::{ExposeSecret, SecretString};

/// The variable that holds the token, as Hetzner's own tools call it.
pub(crate) const TOKEN_VARIABLE: &str = "HCLOUD_TOKEN";

/// The token from the environment.
pub(crate) fn token_from_env() -> Result<SecretString> {
    match std::env::var(TOKEN_VARIABLE) {
        Ok(token) if !token.trim().is_empty() => Ok(token.trim().to_owned().into()),
        _ => Err(missing()),
    }
}

/// How requests are authorized (<https://docs.hetzner.cloud/reference/cloud#authentication>).
pub(crate) fn bearer(token: &SecretString) -> Result<BearerToken> {
    let text = token.expose_secret();
    if text.is_empty() {
        return Err(missing());
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::invalid("token", "must be visible ASCII without spaces"));
    }
    Ok(BearerToken::new(token.clone()))
}

fn missing() -> Error {
    Error::new(ErrorKind::Unauthenticated, format!("no token: set {TOKEN_VARIABLE} to an API token of your project"))
}
