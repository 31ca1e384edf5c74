//! An SSH session: connected, its host key checked, logged in, and then commands.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloud_types::clock::within;
use cloud_types::{Clock, Error, ErrorKind, Result};
use futures::future::{Either, select};
use russh::client::{self, Handle, Handler};
use russh::keys::{PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Disconnect, Preferred};

use super::command::{Command, Exit, Output};
use super::host_key::fingerprint;
use super::{HostKey, SshPrivateKey};
use crate::tcp::{CONNECT_LIMIT, connect};

/// A session with a host, whose key was checked. Dropping it ends the connection.
pub struct Session {
    handle: Handle<Check>,
    clock: Arc<dyn Clock>,
    at: SocketAddr,
}

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

impl Session {
    /// Runs a command to its end.
    ///
    /// # Errors
    /// `Timeout` where it takes longer than its limit, `Unexpected` where it writes more than it may, `Unavailable`
    /// where it could not be begun, and `OutcomeUnknown` where the connection ended before it did.
    pub async fn run(&self, command: impl Into<Command>) -> Result<Output> {
        let command = command.into();
        let run = within(&*self.clock, command.limit, self.run_to_end(&command)).await;
        run.unwrap_or_else(|| {
            let message = format!("{}: the command did not end in {:?}", self.at, command.limit);
            Err(Error::new(ErrorKind::Timeout, message))
        })
    }

    /// Says goodbye; dropping the session does without.
    pub async fn close(self) {
        let goodbye = self.handle.disconnect(Disconnect::ByApplication, "", "");
        within(&*self.clock, GOODBYE_LIMIT, goodbye).await;
    }

    async fn run_to_end(&self, command: &Command) -> Result<Output> {
        let begin = |error: russh::Error| self.error(ErrorKind::Unavailable, "no command can be begun", &error);
        let channel = self.handle.channel_open_session().await.map_err(begin)?;
        channel.exec(true, command.line.as_str()).await.map_err(begin)?;
        let (mut reader, writer) = channel.split();
        let mut open = Open(Some(writer));
        let output = {
            let writer = open.0.as_ref().expect("just opened");
            // Both at once: a command that writes before it has read all would wait for ever otherwise.
            let write = pin!(async {
                if !command.stdin.is_empty() {
                    writer.data_bytes(command.stdin.clone()).await?;
                }
                writer.eof().await
            });
            let read = pin!(self.read(&mut reader, command.bytes));
            match select(read, write).await {
                Either::Left((output, _)) => output,
                // What cannot be written shows in how the command ends.
                Either::Right((_, read)) => read.await,
            }
        };
        if output.is_ok() {
            open.0 = None;
        }
        output
    }

    async fn read(&self, channel: &mut ChannelReadHalf, most: usize) -> Result<Output> {
        let (mut exit, mut stdout, mut stderr) = (None, Vec::new(), Vec::new());
        while let Some(message) = channel.wait().await {
            match message {
                ChannelMsg::Data { data } => stdout.extend_from_slice(&data),
                ChannelMsg::ExtendedData { data, .. } => stderr.extend_from_slice(&data),
                ChannelMsg::ExitStatus { exit_status } => exit = Some(Exit::Status(exit_status)),
                ChannelMsg::ExitSignal { signal_name, .. } => exit = Some(Exit::Signal(format!("{signal_name:?}"))),
                ChannelMsg::Failure => {
                    let message = format!("{}: the host refuses to run commands", self.at);
                    return Err(Error::new(ErrorKind::Unavailable, message));
                }
                _ => {}
            }
            if stdout.len() + stderr.len() > most {
                let message = format!("{}: the command wrote more than {most} bytes", self.at);
                return Err(Error::new(ErrorKind::Unexpected, message));
            }
        }
        let message = "the connection ended before the command did";
        let exit = exit.ok_or_else(|| Error::new(ErrorKind::OutcomeUnknown, format!("{}: {message}", self.at)))?;
        Ok(Output { exit, stdout, stderr })
    }

    fn error(&self, kind: ErrorKind, what: &str, error: &russh::Error) -> Error {
        Error::new(kind, format!("{}: {what} ({error})", self.at))
    }
}

impl Greeted {
    /// Connects and checks the host's key. Nothing of the user's is sent.
    pub(super) async fn connect(
        clock: Arc<dyn Clock>,
        at: SocketAddr,
        expected: &HostKey,
    ) -> std::result::Result<Self, Refusal> {
        let stream = connect(&*clock, at, CONNECT_LIMIT).await.map_err(Refusal::NoAnswer)?;
        let shown = Arc::new(Mutex::new(None));
        let check = Check { expected: expected.clone(), shown: Arc::clone(&shown) };
        let greeting = client::connect_stream(Arc::new(config(expected)), stream, check);
        let greeted = within(&*clock, GREETING_LIMIT, greeting).await;
        let shown = shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match (greeted, shown) {
            (Some(Ok(handle)), Some((shown, true))) => Ok(Self { handle, clock, at, shown }),
            (_, Some((shown, false))) => {
                Err(Refusal::HostKey(format!("{at}: expected {}, shown {shown}", expected.expected())))
            }
            (Some(Ok(_)), None) => Err(Refusal::HostKey(format!("{at}: no host key was shown"))),
            (Some(Err(error)), _) => Err(Refusal::NoAnswer(format!("{at}: {error}"))),
            (None, _) => Err(Refusal::NoAnswer(format!("{at}: connected, and no SSH session in {GREETING_LIMIT:?}"))),
        }
    }

    /// Logs in.
    pub(super) async fn log_in(mut self, user: &str, key: &SshPrivateKey) -> std::result::Result<Session, Refusal> {
        let Self { at, .. } = self;
        let key = PrivateKeyWithHashAlg::new(Arc::clone(&key.key), None);
        match within(&*self.clock, LOGIN_LIMIT, self.handle.authenticate_publickey(user, key)).await {
            Some(Ok(result)) if result.success() => Ok(Session { handle: self.handle, clock: self.clock, at }),
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
            Refusal::HostKey(evidence) => {
                Self::new(ErrorKind::Unauthenticated, format!("the host key differs: {evidence}"))
            }
            Refusal::Login(evidence) => Self::new(ErrorKind::Unauthenticated, evidence),
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("at", &self.at).finish_non_exhaustive()
    }
}

/// A command that was begun. Where nobody listens to it any more, because it was given up or its future dropped, the
/// host is told, so that it may stop it.
struct Open(Option<ChannelWriteHalf<client::Msg>>);

impl Drop for Open {
    fn drop(&mut self) {
        if let (Some(writer), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                let _ = writer.close().await;
            });
        }
    }
}

/// Compares the key that the server proves to have with the expected one.
struct Check {
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

fn config(expected: &HostKey) -> client::Config {
    let mut preferred = Preferred::DEFAULT;
    if let Some(algorithm) = expected.algorithm() {
        let mut keys = preferred.key.into_owned();
        keys.sort_by_key(|key| key.as_str() != algorithm);
        preferred.key = Cow::Owned(keys);
    }
    client::Config {
        preferred,
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
const GOODBYE_LIMIT: Duration = Duration::from_secs(1);
