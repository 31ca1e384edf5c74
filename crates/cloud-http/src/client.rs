//! The client and its builder: everything that is the same for all calls to one API.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloud_types::{Clock, Error, ProviderId, Result, SystemClock};
use http::Method;
use http::header::{ACCEPT, HeaderMap, HeaderValue, USER_AGENT};
use url::Url;

use crate::authorize::{Anonymous, Authorize};
use crate::classify::{ErrorTable, StatusTable};
use crate::limit::RateLimiter;
use crate::request::Request;
use crate::reqwest_transport::network;
use crate::retry::RetryPolicy;
use crate::transport::Transport;

/// A way to one API. Clones are cheap and share connections, rate limit and credentials.
#[derive(Clone)]
pub struct Client(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) provider: ProviderId,
    /// The base URL, ending in `/`.
    pub(crate) base: String,
    pub(crate) headers: HeaderMap,
    pub(crate) authorize: Box<dyn Authorize>,
    pub(crate) errors: Box<dyn ErrorTable>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) retry: RetryPolicy,
    pub(crate) limiter: RateLimiter,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) deadline: Duration,
    pub(crate) patience: Duration,
    pub(crate) max_body: usize,
    random: Mutex<fastrand::Rng>,
}

impl Shared {
    /// A random number in 0..1.
    pub(crate) fn roll(&self) -> f64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }
}

impl Client {
    /// Starts a client for `provider`, whose paths are below `base`.
    #[must_use]
    pub fn builder(provider: ProviderId, base: Url) -> ClientBuilder {
        ClientBuilder {
            provider,
            base,
            authorize: Box::new(Anonymous),
            errors: Box::new(StatusTable),
            clock: Arc::new(SystemClock),
            retry: RetryPolicy::default(),
            limiter: RateLimiter::unlimited(),
            transport: None,
            deadline: Duration::from_secs(60),
            patience: Duration::from_secs(3600),
            max_body: 8 << 20,
            user_agent: concat!("cloud-http/", env!("CARGO_PKG_VERSION")).to_owned(),
            seed: None,
        }
    }

    /// A GET: reads something. Repeatable.
    pub fn get(&self, operation: &'static str, path: impl AsRef<str>) -> Request {
        self.request(Method::GET, operation, path)
    }

    /// A POST: makes or does something. Not repeatable unless [`Request::repeatable`] says so.
    pub fn post(&self, operation: &'static str, path: impl AsRef<str>) -> Request {
        self.request(Method::POST, operation, path)
    }

    /// A PUT: brings something into a state. Repeatable.
    pub fn put(&self, operation: &'static str, path: impl AsRef<str>) -> Request {
        self.request(Method::PUT, operation, path)
    }

    /// A DELETE. Repeatable: where the first answer was lost, the repeat finds nothing, which the caller takes as done.
    pub fn delete(&self, operation: &'static str, path: impl AsRef<str>) -> Request {
        self.request(Method::DELETE, operation, path)
    }

    /// A request with any method. `operation` is our word for it, in errors and logs; `path` is relative to the base,
    /// without a query; an id in it that somebody handed in goes through [`segment`](crate::segment).
    pub fn request(&self, method: Method, operation: &'static str, path: impl AsRef<str>) -> Request {
        Request::new(self.clone(), method, operation, path.as_ref())
    }

    /// The clock that this client waits on.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// The provider that this client speaks to.
    #[must_use]
    pub fn provider(&self) -> &ProviderId {
        &self.0.provider
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("provider", &self.0.provider)
            .field("base", &self.0.base)
            .field("deadline", &self.0.deadline)
            .field("retry", &self.0.retry)
            .finish_non_exhaustive()
    }
}

/// Settings of a [`Client`]; each has a default.
pub struct ClientBuilder {
    provider: ProviderId,
    base: Url,
    authorize: Box<dyn Authorize>,
    errors: Box<dyn ErrorTable>,
    clock: Arc<dyn Clock>,
    retry: RetryPolicy,
    limiter: RateLimiter,
    transport: Option<Arc<dyn Transport>>,
    deadline: Duration,
    patience: Duration,
    max_body: usize,
    user_agent: String,
    seed: Option<u64>,
}

impl ClientBuilder {
    /// Who adds credentials to each attempt. Default: nobody.
    #[must_use]
    pub fn authorize(mut self, authorize: impl Authorize + 'static) -> Self {
        self.authorize = Box::new(authorize);
        self
    }

    /// The provider's error table. Default: by HTTP status alone.
    #[must_use]
    pub fn errors(mut self, errors: impl ErrorTable + 'static) -> Self {
        self.errors = Box::new(errors);
        self
    }

    /// The clock for deadlines, waits and the rate limit. Default: the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// How often and how fast requests are repeated.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The provider's request budget; clients that use one budget share one limiter. Default: unlimited.
    #[must_use]
    pub fn limiter(mut self, limiter: RateLimiter) -> Self {
        self.limiter = limiter;
        self
    }

    /// Another way to send requests than the network, for tests.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// How long a call may take with all its attempts, unless its request says otherwise. Default: 60 s. The wait for
    /// a place in the request budget is not in it, see [`patience`](Self::patience).
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long an attempt may wait for its place in the request budget; then the call fails as
    /// [`RateLimited`](cloud_types::ErrorKind::RateLimited). Default: one hour.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How many bytes of a body are read at most. Default: 8 MiB.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// The `User-Agent` header.
    #[must_use]
    pub fn user_agent(mut self, text: impl Into<String>) -> Self {
        self.user_agent = text.into();
        self
    }

    /// Makes the random part of waits the same in every run.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    /// [`InvalidRequest`](cloud_types::ErrorKind::InvalidRequest) on fields `endpoint` or `user_agent`;
    /// [`Unsupported`](cloud_types::ErrorKind::Unsupported) where this machine has no working TLS.
    pub fn build(self) -> Result<Client> {
        let base = base(&self.base).map_err(|error| error.with_provider(&self.provider))?;
        let user_agent = HeaderValue::try_from(self.user_agent)
            .map_err(|_| Error::invalid("user_agent", "must be visible ASCII").with_provider(&self.provider))?;
        let headers =
            HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json")), (USER_AGENT, user_agent)]);
        let transport = match self.transport {
            Some(transport) => transport,
            None => network(&self.base)?,
        };
        Ok(Client(Arc::new(Shared {
            provider: self.provider,
            base,
            headers,
            authorize: self.authorize,
            errors: self.errors,
            clock: self.clock,
            retry: self.retry,
            limiter: self.limiter,
            transport,
            deadline: self.deadline,
            patience: self.patience,
            max_body: self.max_body,
            random: Mutex::new(self.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed)),
        })))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// The base as text that a path can be put behind.
fn base(url: &Url) -> Result<String> {
    let plain = url.query().is_none() && url.fragment().is_none();
    let nobody = url.username().is_empty() && url.password().is_none();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !plain || !nobody {
        return Err(Error::invalid("endpoint", "must be an http or https URL without user, query and fragment"));
    }
    let text = url.as_str();
    Ok(if text.ends_with('/') { text.to_owned() } else { format!("{text}/") })
}
