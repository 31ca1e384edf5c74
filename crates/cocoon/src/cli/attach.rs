//! Connects the terminal with a VM's console.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use cloud_types::{Error, ErrorKind, Result};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::io::{AsyncReadExt, AsyncWriteExt, stdin, stdout};
use tokio::net::UnixStream;

use super::escape::Escapes;
use super::output::Output;

/// Copies both ways until the VM's side ends, the user leaves by `~.`, or, without a terminal, the input ends.
pub(crate) async fn attach(console: UnixStream) -> Result<()> {
    let terminal = RawTerminal::enter()?;
    if terminal.is_some() {
        Output::notice("connected; at the beginning of a line `~.` ends that, and `~?` tells more\r");
    }
    let (mut from_vm, mut to_vm) = console.into_split();
    let failed =
        |error: std::io::Error| Error::new(ErrorKind::Unavailable, format!("the console's connection broke: {error}"));

    let outward = async {
        let (mut out, mut part) = (stdout(), vec![0; 8 << 10]);
        loop {
            match from_vm.read(&mut part).await? {
                0 => return Ok(()),
                length => out.write_all(&part[..length]).await?,
            }
            out.flush().await?;
        }
    };
    let inward = async {
        let (mut input, mut part, mut escapes) = (stdin(), vec![0; 1 << 10], Escapes::new());
        loop {
            let length = input.read(&mut part).await?;
            if length == 0 {
                return Ok(());
            }
            // Who pipes something in means every byte of it.
            if terminal.is_none() {
                to_vm.write_all(&part[..length]).await?;
                continue;
            }
            let typed = escapes.read(&part[..length]);
            to_vm.write_all(&typed.for_vm).await?;
            if typed.help {
                Output::notice("~.  ends this connection\r\n~?  shows this\r\n~~  is a tilde\r");
            }
            if typed.end {
                return Ok(());
            }
        }
    };
    tokio::select! {
        ended = outward => ended,
        ended = inward => ended,
    }
    .map_err(failed)
}

/// A terminal that hands on every key as it is, until this is dropped.
struct RawTerminal(Termios);

impl RawTerminal {
    /// `None` where the input is no terminal.
    fn enter() -> Result<Option<Self>> {
        let input = std::io::stdin();
        if !input.is_terminal() {
            return Ok(None);
        }
        let failed =
            |error: rustix::io::Errno| Error::new(ErrorKind::Unexpected, format!("setting up the terminal: {error}"));
        let before = tcgetattr(input.as_fd()).map_err(failed)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(input.as_fd(), OptionalActions::Flush, &raw).map_err(failed)?;
        Ok(Some(Self(before)))
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        // Without a terminal any more there is nothing to restore.
        let _ = tcsetattr(std::io::stdin().as_fd(), OptionalActions::Flush, &self.0);
    }
}
