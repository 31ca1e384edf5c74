//! Step: authorize. Adds credentials to each attempt, so that a token may change between two of them.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use cloud_types::{Error, ErrorKind, Result};
use http::header::{AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

/// Adds credentials to a request just before it is sent.
///
/// Called once an attempt with the whole request, so that it can sign it, and async, so that it can fetch a token.
/// A header value that holds a secret is marked sensitive.
#[async_trait]
pub trait Authorize: fmt::Debug + Send + Sync {
    /// Adds the credentials.
    ///
    /// # Errors
    /// [`Unauthenticated`](ErrorKind::Unauthenticated) where there are none to add; the attempt is not sent then.
    async fn authorize(&self, request: &mut http::Request<Bytes>) -> Result<()>;
}

/// Sends no credentials.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anonymous;

#[async_trait]
impl Authorize for Anonymous {
    async fn authorize(&self, _request: &mut http::Request<Bytes>) -> Result<()> {
        Ok(())
    }
}

/// A fixed token, sent as `Authorization: Bearer …`.
pub struct BearerToken {
    header: Option<HeaderValue>,
}

impl BearerToken {
    /// A token as the provider gave it. One that no header can hold fails each call as
    /// [`Unauthenticated`](ErrorKind::Unauthenticated).
    pub fn new(token: impl Into<SecretString>) -> Self {
        let token = token.into();
        let header = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()));
        let header = header.ok().filter(|_| !token.expose_secret().is_empty()).map(|mut value| {
            value.set_sensitive(true);
            value
        });
        Self { header }
    }
}

#[async_trait]
impl Authorize for BearerToken {
    async fn authorize(&self, request: &mut http::Request<Bytes>) -> Result<()> {
        let Some(header) = &self.header else {
            return Err(Error::new(ErrorKind::Unauthenticated, "the token is empty or holds characters no header can"));
        };
        request.headers_mut().insert(AUTHORIZATION, header.clone());
        Ok(())
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_bearer_token_is_sent_and_never_shown() {
        let token = BearerToken::new("marker-secret");
        let mut request = http::Request::new(Bytes::new());
        token.authorize(&mut request).await.unwrap();
        assert_eq!(request.headers()[AUTHORIZATION], "Bearer marker-secret");
        assert!(!format!("{token:?} {request:?}").contains("marker-secret"));
    }

    #[tokio::test]
    async fn a_token_that_no_header_can_hold_is_unauthenticated() {
        for bad in ["", "a\nb"] {
            let refused = BearerToken::new(bad).authorize(&mut http::Request::new(Bytes::new())).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Unauthenticated);
        }
    }
}
