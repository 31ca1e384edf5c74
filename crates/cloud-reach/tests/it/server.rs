//! An SSH server within the test, which does what its script says.

use std::sync::{Arc, Mutex};

use cloud_reach::SshPrivateKey;
use russh::keys::PrivateKey;
use russh::server::{self, Auth, ChannelOpenHandle, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;

use crate::common::HERE;

/// What the server does with a command.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    /// Writes this to standard output and ends with this status.
    Says(&'static str, u32),
    /// Writes this to standard error and ends with this status.
    Complains(&'static str, u32),
    /// Sends back what it reads.
    Echoes,
    /// Begins, and never says anything.
    Hangs,
    /// Writes without end.
    Floods,
    /// Does not begin.
    Refuses,
    /// Loses the connection.
    Drops,
    /// Ends by a signal.
    Dies,
}

/// A server that runs until the test ends.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) host_key: SshPrivateKey,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Lets in who has this key, and acts on each command as told.
    pub(crate) async fn start(user: &SshPrivateKey, act: impl Fn(&str) -> Act + Send + Sync + 'static) -> Self {
        let host_key = SshPrivateKey::generate().expect("random numbers");
        let key = PrivateKey::from_openssh(host_key.to_openssh().expose_secret()).expect("a key just written");
        let config = Arc::new(server::Config {
            keys: vec![key],
            auth_rejection_time: std::time::Duration::ZERO,
            ..server::Config::default()
        });
        let listener = TcpListener::bind((HERE, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let log = Arc::new(Mutex::new(Vec::new()));
        let guest = user.public().fingerprint();
        let handler = Handler { guest, act: Arc::new(act), log: Arc::clone(&log), echoes: false };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (config, handler) = (Arc::clone(&config), handler.clone());
                tokio::spawn(async move {
                    let notes = handler.clone();
                    if let Ok(running) = server::run_stream(config, stream, handler).await {
                        let _ = running.await;
                    }
                    notes.note("gone".to_owned());
                });
            }
        });
        Self { port, host_key, log }
    }

    /// Who tried to log in, which commands were run, and that a connection ended, in order.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().expect("no panic").clone()
    }
}

#[derive(Clone)]
struct Handler {
    guest: String,
    act: Arc<dyn Fn(&str) -> Act + Send + Sync>,
    log: Arc<Mutex<Vec<String>>>,
    echoes: bool,
}

impl Handler {
    fn note(&self, line: String) {
        self.log.lock().expect("no panic").push(line);
    }
}

impl server::Handler for Handler {
    type Error = russh::Error;

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, russh::Error> {
        let shown = key.public_key.fingerprint(russh::keys::HashAlg::Sha256).to_string();
        self.note(format!("login {user}"));
        Ok(if shown == self.guest { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        _channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        line: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let line = String::from_utf8_lossy(line).into_owned();
        self.note(format!("run {line}"));
        match (self.act)(&line) {
            Act::Refuses => return session.channel_failure(channel),
            Act::Drops => return Err(russh::Error::Disconnect),
            _ => session.channel_success(channel)?,
        }
        match (self.act)(&line) {
            Act::Says(text, status) => {
                session.data(channel, text.as_bytes().to_vec())?;
                end(session, channel, status)?;
            }
            Act::Complains(text, status) => {
                session.extended_data(channel, 1, text.as_bytes().to_vec())?;
                end(session, channel, status)?;
            }
            Act::Dies => {
                session.exit_signal_request(channel, russh::Sig::KILL, false, "", "")?;
                session.close(channel)?;
            }
            Act::Floods => {
                let handle = session.handle();
                tokio::spawn(async move { while handle.data(channel, vec![b'x'; 16 * 1024]).await.is_ok() {} });
            }
            Act::Echoes => self.echoes = true,
            Act::Hangs | Act::Refuses | Act::Drops => {}
        }
        Ok(())
    }

    async fn channel_close(&mut self, _channel: ChannelId, _session: &mut Session) -> Result<(), russh::Error> {
        self.note("close".to_owned());
        Ok(())
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], session: &mut Session) -> Result<(), russh::Error> {
        if self.echoes {
            session.data(channel, data.to_vec())?;
        }
        Ok(())
    }

    async fn channel_eof(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), russh::Error> {
        if self.echoes {
            end(session, channel, 0)?;
        }
        Ok(())
    }
}

fn end(session: &mut Session, channel: ChannelId, status: u32) -> Result<(), russh::Error> {
    session.exit_status_request(channel, status)?;
    session.eof(channel)?;
    session.close(channel)
}
