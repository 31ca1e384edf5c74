//! Starts a hypervisor that outlives whoever started it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::process::Stdio;

use cloud_types::{Error, ErrorKind, Result};
use process_wrap::tokio::{CommandWrap, ProcessSession};

use super::CommandLine;
use crate::error;

/// Starts the program in a session of its own, so that neither a closed terminal nor its Ctrl-C reaches it.
///
/// It gets the lock `alive` as its standard input, which it never reads, and holds it until it ends. Its messages go to
/// `log`. Answers the process id. When this process ends first, the system's first process takes over; until then tokio
/// collects the exit status.
pub(crate) fn spawn(line: &CommandLine, alive: File, log: File) -> Result<u32> {
    let failed = |error| error::io(format_args!("starting {}", line.program.display()), error);
    let mut command = CommandWrap::with_new(&line.program, |command| {
        command.args(&line.arguments).stdin(Stdio::from(alive)).current_dir("/");
    });
    let errors = log.try_clone().map_err(failed)?;
    command.command_mut().stdout(Stdio::from(log)).stderr(Stdio::from(errors));
    let child = command.wrap(ProcessSession).spawn().map_err(failed)?;
    child.id().ok_or_else(|| Error::new(ErrorKind::Unexpected, "a process that was just started has no id"))
}

/// The last words of a log, for an error's message: at most `MOST` bytes, in one line.
pub(crate) fn last_words(log: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(MOST)))?;
        let mut bytes = Vec::new();
        file.take(MOST).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() { "it said nothing".to_owned() } else { lines.join("; ") }
}

const MOST: u64 = 2000;
