//! An SSH session: commands on a host whose key was checked and that let the user in.

use std::fmt;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use cloud_types::clock::within;
use cloud_types::{Clock, Error, ErrorKind, Result};
use futures::future::{Either, select};
use russh::client::{self, Handle};
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Disconnect};

use super::command::{Command, Exit, Output};
use super::greeting::Check;

/// A session with a host, whose key was checked. Dropping it ends the connection.
pub struct Session {
    handle: Handle<Check>,
    clock: Arc<dyn Clock>,
    at: SocketAddr,
}

impl Session {
    pub(super) fn new(handle: Handle<Check>, clock: Arc<dyn Clock>, at: SocketAddr) -> Self {
        Self { handle, clock, at }
    }

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

/// How long a goodbye may take.
const GOODBYE_LIMIT: Duration = Duration::from_secs(1);
