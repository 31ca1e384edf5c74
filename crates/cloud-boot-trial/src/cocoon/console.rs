//! A VM's console, through `cocoon console`: what is typed, and what comes back.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::{Instant, timeout_at};

use super::installation::Installation;
use crate::Result;

/// A connection. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Console {
    _process: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Console {
    pub(crate) fn open(here: &Installation, name: &str) -> Result<Self> {
        let mut process = here.command(&["console", name]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = process.stdin.take().ok_or("the input is piped")?;
        let output = process.stdout.take().ok_or("the output is piped")?;
        Ok(Self { _process: process, input, output })
    }

    /// Types a line, again every few seconds, until the console says these words, and answers what it said. The words must
    /// not be in the line: a terminal echoes it.
    pub(crate) async fn type_until(&mut self, line: &str, words: &str, limit: Duration) -> Result<String> {
        let (deadline, mut said) = (Instant::now() + limit, Vec::new());
        loop {
            self.input.write_all(format!("{line}\n").as_bytes()).await?;
            let again = deadline.min(Instant::now() + AGAIN);
            while let Ok(read) = timeout_at(again, self.output.read_buf(&mut said)).await {
                if read? == 0 {
                    return Err("the console has ended".into());
                }
                let text = String::from_utf8_lossy(&said);
                if text.contains(words) {
                    return Ok(text.into_owned());
                }
            }
            if Instant::now() >= deadline {
                let text = String::from_utf8_lossy(&said);
                return Err(format!("no {words:?} after {line:?} in {limit:?}: {text:?}").into());
            }
        }
    }
}

/// A guest that is still busy drops what is typed.
const AGAIN: Duration = Duration::from_secs(5);
