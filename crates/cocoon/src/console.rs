//! A VM's first serial port: now, and what it said before.

use std::io::SeekFrom;

use cloud_types::{Error, ErrorKind, Name, Result};
use cocoon_images::system::blocking;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::net::UnixStream;

use crate::{Cocoon, VmState, console_log, error};

impl Cocoon {
    /// Connects to the first serial port of a VM that runs. One at a time is served; a second one waits in silence.
    ///
    /// # Errors
    /// `NotFound` without such a VM; `Conflict` where it does not run.
    pub async fn console(&self, name: &Name) -> Result<UnixStream> {
        let vm = self.inspect(name).await?;
        if vm.state == VmState::Stopped {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("{name} does not run: `cocoon start {name}` starts it"),
            ));
        }
        let connected = UnixStream::connect(&vm.console_socket).await;
        connected.map_err(|error| error::io(format_args!("connecting to the console of {name}"), error))
    }

    /// What the first serial port has said since the VM was created, as a reader from its beginning: the last 16 MiB of it, and
    /// up to as much before.
    ///
    /// # Errors
    /// `NotFound` without such a VM.
    pub async fn logs(&self, name: &Name) -> Result<Logs> {
        let path = self.inspect(name).await?.console_log;
        let doing = format!("opening {}", path.display());
        let opened = blocking(move || {
            console_log::bound(&path)?;
            let mut file = std::fs::File::open(path)?;
            let beginning = console_log::beginning(&file)?;
            std::io::Seek::seek(&mut file, SeekFrom::Start(beginning))?;
            Ok::<_, std::io::Error>(file)
        });
        match opened.await {
            Ok(file) => Ok(Logs(Some(File::from_std(file)))),
            // It never ran.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Logs(None)),
            Err(error) => Err(error::io(doing, error)),
        }
    }
}

/// A reader of what a VM's first serial port has said.
#[derive(Debug)]
pub struct Logs(Option<File>);

impl Logs {
    /// Passes by all but the last `bytes`.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn skip_to_last(&mut self, bytes: u64) -> Result<()> {
        let Some(file) = &mut self.0 else { return Ok(()) };
        let now = file.stream_position().await.map_err(failed)?;
        let length = file.metadata().await.map_err(failed)?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(bytes).max(now))).await.map(drop).map_err(failed)
    }

    /// Passes by all but the last `lines`; one that is not ended counts.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn skip_to_last_lines(&mut self, lines: u64) -> Result<()> {
        let Some(file) = self.0.take() else { return Ok(()) };
        let mut file = file.into_std().await;
        let (file, found) = blocking(move || {
            let found = console_log::last_lines(&mut file, lines);
            (file, found)
        })
        .await;
        let file = self.0.insert(File::from_std(file));
        file.seek(SeekFrom::Start(found.map_err(failed)?)).await.map(drop).map_err(failed)
    }

    /// The next part; empty where nothing more was said so far.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn next(&mut self) -> Result<Vec<u8>> {
        let Some(file) = &mut self.0 else { return Ok(Vec::new()) };
        let mut part = vec![0; 64 << 10];
        let length = file.read(&mut part).await.map_err(failed)?;
        part.truncate(length);
        Ok(part)
    }
}

fn failed(error: std::io::Error) -> Error {
    error::io("reading a console's log", error)
}
