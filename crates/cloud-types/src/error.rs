//! The one error type of every provider, and the kinds that say what the caller does next.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::ProviderId;

/// The result of every call to a provider.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong in a call to a provider.
///
/// [`Error::kind`] says what to do about it; everything else is for people and logs. `Display` is one line
/// without the source, and no field ever holds a secret. One word wide. A clone is for another caller who waited for the
/// same call; it shares the source.
///
/// ```
/// use cloud_types::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::NoCapacity, "no cx22 left in fsn1").with_operation("create_host");
/// assert_eq!(error.kind(), ErrorKind::NoCapacity);
/// assert!(!error.is_retryable()); // take another zone or machine type instead
/// assert_eq!(error.to_string(), "create_host: no cx22 left in fsn1 (NoCapacity)");
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    provider: Option<ProviderId>,
    operation: Option<&'static str>,
    message: Cow<'static, str>,
    field: Option<Cow<'static, str>>,
    status: Option<u16>,
    code: Option<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What the caller does about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The name is taken by something else than what was asked for: choose another name, or look at what is there.
    AlreadyExists,
    /// The thing is busy or in the wrong state now: wait for it, or bring it into the right state, and repeat.
    Conflict,
    /// The request breaks a rule, named in the message and by [`Error::field`]: mend the request.
    InvalidRequest,
    /// The provider has no room for this machine type here: take another zone or type.
    NoCapacity,
    /// The provider says that there is no such thing: it is gone, or the id is wrong.
    NotFound,
    /// The request may or may not have been carried out: look before you repeat.
    OutcomeUnknown,
    /// The credentials are known but may not do this: give them the right.
    PermissionDenied,
    /// The account's limit is reached: delete something or have the limit raised.
    QuotaExceeded,
    /// Too many requests: wait for [`Error::retry_after`] and repeat.
    RateLimited,
    /// The deadline passed first: look at what was seen last, give it more time.
    Timeout,
    /// The credentials are missing, wrong or expired: give other ones.
    Unauthenticated,
    /// The provider cannot be reached or is failing: repeat later.
    Unavailable,
    /// The answer is none that this library understands: report it.
    Unexpected,
    /// This provider cannot do this at all: see [`Capabilities`](crate::Capabilities) before asking.
    Unsupported,
}

impl ErrorKind {
    /// All kinds, for code that tests every one.
    pub const ALL: [Self; 14] = [
        Self::AlreadyExists,
        Self::Conflict,
        Self::InvalidRequest,
        Self::NoCapacity,
        Self::NotFound,
        Self::OutcomeUnknown,
        Self::PermissionDenied,
        Self::QuotaExceeded,
        Self::RateLimited,
        Self::Timeout,
        Self::Unauthenticated,
        Self::Unavailable,
        Self::Unexpected,
        Self::Unsupported,
    ];

    /// Whether the same call, repeated unchanged a little later, may well succeed and can do no harm.
    ///
    /// [`OutcomeUnknown`](Self::OutcomeUnknown) is not among them: look first.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Conflict | Self::RateLimited | Self::Unavailable)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Error {
    /// An error of `kind`, told to people as `message`: one line, no secrets.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            provider: None,
            operation: None,
            message: message.into(),
            field: None,
            status: None,
            code: None,
            request_id: None,
            retry_after: None,
            source: None,
        }))
    }

    /// An argument that breaks a rule: [`ErrorKind::InvalidRequest`] with the field's name and the rule.
    ///
    /// ```
    /// let error = cloud_types::Error::invalid("name", "must not be empty");
    /// assert_eq!(error.field(), Some("name"));
    /// assert_eq!(error.to_string(), "name: must not be empty (InvalidRequest)");
    /// ```
    pub fn invalid(field: impl Into<Cow<'static, str>>, rule: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::new(ErrorKind::InvalidRequest, rule);
        error.0.field = Some(field.into());
        error
    }

    /// Something this provider cannot do at all: [`ErrorKind::Unsupported`].
    pub fn unsupported(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Unsupported, what)
    }

    /// Names the provider; the first one said stays.
    #[must_use]
    pub fn with_provider(mut self, provider: &ProviderId) -> Self {
        self.0.provider.get_or_insert_with(|| provider.clone());
        self
    }

    /// Names the operation, such as `create_host`; the last one said stays, so that the outermost call names it.
    #[must_use]
    pub fn with_operation(mut self, operation: &'static str) -> Self {
        self.0.operation = Some(operation);
        self
    }

    /// Gives it another kind, where who called knows better what it means.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Puts what was being done before the message: `context: message`.
    #[must_use]
    pub fn with_context(mut self, context: impl fmt::Display) -> Self {
        self.0.message = format!("{context}: {}", self.0.message).into();
        self
    }

    /// Records the HTTP status of the answer.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Records the provider's own error code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    /// Records the provider's id of the request, which its support asks for.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.0.request_id = Some(id.into());
        self
    }

    /// Records how long the provider asks to wait before a repeat.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Keeps the error underneath. Its text must be free of secrets: whoever prints the chain prints it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into().into());
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same call may well succeed later, by [`ErrorKind::is_retryable`].
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.kind.is_retryable()
    }

    /// The provider that answered, where one was asked.
    #[must_use]
    pub fn provider(&self) -> Option<&ProviderId> {
        self.0.provider.as_ref()
    }

    /// The operation that failed, such as `create_host`.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// What went wrong, in one line.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The argument that broke a rule, where that is what went wrong: a field of what was handed in, by its own name. Of
    /// a [`HostSpec`](crate::HostSpec) it is one of its [`FIELDS`](crate::HostSpec::FIELDS), at every provider.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The HTTP status of the answer, where there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The provider's own error code, where it gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The provider's id of the request, which its support asks for.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long the provider asks to wait before a repeat.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        match (&inner.provider, inner.operation) {
            (Some(provider), Some(operation)) => write!(f, "{provider} {operation}: ")?,
            (Some(provider), None) => write!(f, "{provider}: ")?,
            (None, Some(operation)) => write!(f, "{operation}: ")?,
            (None, None) => {}
        }
        if let Some(field) = &inner.field {
            write!(f, "{field}: ")?;
        }
        write!(f, "{} ({}", inner.message, inner.kind)?;
        if let Some(status) = inner.status {
            write!(f, ", HTTP {status}")?;
        }
        if let Some(code) = &inner.code {
            write!(f, ", {code}")?;
        }
        if let Some(id) = &inner.request_id {
            write!(f, ", request {id}")?;
        }
        f.write_str(")")
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("provider", &inner.provider)
            .field("operation", &inner.operation)
            .field("message", &inner.message)
            .field("field", &inner.field)
            .field("status", &inner.status)
            .field("code", &inner.code)
            .field("request_id", &inner.request_id)
            .field("retry_after", &inner.retry_after)
            .field("source", &inner.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_word_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn display_is_one_line_without_the_source() {
        let error = Error::new(ErrorKind::Unavailable, "the provider is failing")
            .with_provider(&ProviderId::new("acme"))
            .with_operation("get_host")
            .with_status(503)
            .with_code("unavailable")
            .with_request_id("r-1")
            .with_source(std::io::Error::other("inner"));
        assert_eq!(
            error.to_string(),
            "acme get_host: the provider is failing (Unavailable, HTTP 503, unavailable, request r-1)"
        );
        assert_eq!(error.source().expect("has a source").to_string(), "inner");
    }

    #[test]
    fn only_kinds_that_a_plain_repeat_can_cure_are_retryable() {
        let retryable: Vec<_> = ErrorKind::ALL.into_iter().filter(|kind| kind.is_retryable()).collect();
        assert_eq!(retryable, [ErrorKind::Conflict, ErrorKind::RateLimited, ErrorKind::Unavailable]);
    }
}
