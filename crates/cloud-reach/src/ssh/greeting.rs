//! The way to a session: connect, compare the host's key with the expected one, and only then log in.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloud_types::clock::within;
use cloud_types::{Clock, Error, ErrorKind};
use russh::client::{self, Handle, Handler};
use russh::keys::{PrivateKeyWithHashAlg, PublicKeyOrCertificate};

use super::host_key::fingerprint;
use super::{HostKey, Session, SshPrivateKey};
use crate::tcp::{CONNECT_LIMIT, connect};

/// A connection whose host key was checked, before anybody has logged in.
pub(super) struct Greeted {
    handle: Handle<Check>,
    clock: Arc<dyn Clock>,
    at: SocketAddr,
    /// The fingerprint of the host's key.
    pub(super) shown: String,
}

/// Why there is no session.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Nothing that speaks SSH answered.
    NoAnswer(String),
    /// Another key was shown than the one expected.
    HostKey(String),
    /// The host does not let this user and key in.
    Login(String),
}

impl Greeted {
    /// Connects and checks the host's key. Nothing of the user's is sent.
    pub(super) async fn connect(clock: Arc<dyn Clock>, at: SocketAddr, expected: &HostKey) -> Result<Self, Refusal> {
        let stream = connect(&*clock, at, CONNECT_LIMIT).await.map_err(Refusal::NoAnswer)?;
        let shown = Arc::new(Mutex::new(None));
        let check = Check { expected: expected.clone(), shown: Arc::clone(&shown) };
        let greeting = client::connect_stream(Arc::new(config()), stream, check);
        let greeted = within(&*clock, GREETING_LIMIT, greeting).await;
        let shown = shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match (greeted, shown) {
            (Some(Ok(handle)), Some((shown, true))) => Ok(Self { handle, clock, at, shown }),
            (_, Some((shown, false))) => Err(Refusal::HostKey(format!(
                "{at}: another host key, expected {}, shown {shown}",
                expected.expected()
            ))),
            (Some(Ok(_)), None) => Err(Refusal::HostKey(format!("{at}: no host key was shown"))),
            (Some(Err(error)), _) => Err(Refusal::NoAnswer(format!("{at}: {error}"))),
            (None, _) => Err(Refusal::NoAnswer(format!("{at}: connected, and no SSH session in {GREETING_LIMIT:?}"))),
        }
    }

    /// Logs in.
    pub(super) async fn log_in(mut self, user: &str, key: &SshPrivateKey) -> Result<Session, Refusal> {
        let Self { at, .. } = self;
        let key = PrivateKeyWithHashAlg::new(Arc::clone(&key.key), None);
        match within(&*self.clock, LOGIN_LIMIT, self.handle.authenticate_publickey(user, key)).await {
            Some(Ok(result)) if result.success() => Ok(Session::new(self.handle, self.clock, at)),
            Some(Ok(_)) => Err(Refusal::Login(format!("{at}: the key of user {user} is refused"))),
            Some(Err(error)) => Err(Refusal::Login(format!("{at}: the login of user {user} failed ({error})"))),
            None => Err(Refusal::Login(format!("{at}: no answer to the login of user {user} in {LOGIN_LIMIT:?}"))),
        }
    }
}

impl Refusal {
    pub(super) fn evidence(self) -> String {
        match self {
            Self::NoAnswer(evidence) | Self::HostKey(evidence) | Self::Login(evidence) => evidence,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoAnswer(evidence) => Self::new(ErrorKind::Unavailable, evidence),
            Refusal::HostKey(evidence) | Refusal::Login(evidence) => Self::new(ErrorKind::Unauthenticated, evidence),
        }
    }
}

/// Compares the key that the server proves to have with the expected one.
pub(super) struct Check {
    expected: HostKey,
    /// The fingerprint of the key shown, and whether it is the expected one.
    shown: Arc<Mutex<Option<(String, bool)>>>,
}

impl Handler for Check {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else { return Ok(false) };
        let is_expected = self.expected.accepts(key);
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some((fingerprint(key), is_expected));
        Ok(is_expected)
    }
}

fn config() -> client::Config {
    client::Config {
        // A connection that nobody holds any more ends by these, wherever it hangs.
        inactivity_timeout: Some(Duration::from_secs(60)),
        keepalive_interval: Some(Duration::from_secs(15)),
        nodelay: true,
        ..client::Config::default()
    }
}

/// How long a server may take from the connection to its host key.
const GREETING_LIMIT: Duration = Duration::from_secs(8);
/// How long it may take to let a user in.
const LOGIN_LIMIT: Duration = Duration::from_secs(5);
