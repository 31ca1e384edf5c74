//! Step: send. One method that a transport must have, and what it must say about a failure: was the request sent.

use std::error::Error as StdError;
use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

/// Sends one request, once: follows no redirect, repeats nothing.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends `request` and reads the answer, of its body at most `max_body` bytes.
    ///
    /// # Errors
    /// A [`SendError`] where no status came back; it says whether the request may have been sent. A body that
    /// fails after the status is no error but a [`Body::Cut`].
    async fn send(&self, request: http::Request<Bytes>, max_body: usize) -> Result<http::Response<Body>, SendError>;
}

/// The body of an answer.
#[derive(Debug)]
pub enum Body {
    /// All of it.
    Whole(Bytes),
    /// The connection failed before its end; what came is dropped.
    Cut(Box<dyn StdError + Send + Sync>),
    /// It is longer than what was allowed; reading stopped there.
    TooLarge,
}

/// Whether a request that failed had left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Not a byte of it: repeating is safe whatever it was.
    NotSent,
    /// It may have arrived and been carried out.
    MaybeSent,
}

/// No answer came.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SendError {
    /// Whether the request may have been carried out all the same.
    pub sent: Sent,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl SendError {
    /// A failure before a byte was sent, such as a refused connection. The message holds no secret.
    pub fn not_sent(message: impl Into<String>) -> Self {
        Self { sent: Sent::NotSent, message: message.into(), source: None }
    }

    /// A failure after which nobody knows. The message holds no secret.
    pub fn maybe_sent(message: impl Into<String>) -> Self {
        Self { sent: Sent::MaybeSent, message: message.into(), source: None }
    }

    /// Keeps the error underneath; its text must be free of secrets.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}
