//! A command for a host, with its bounds, and what came of it.

use std::fmt;
use std::time::Duration;

/// A command line for the login shell of the user, with its input and bounds.
///
/// ```
/// use std::time::Duration;
/// use cloud_reach::Command;
///
/// let command = Command::new("cat > /tmp/greeting").stdin("hello").limit(Duration::from_secs(10));
/// # let _ = command;
/// ```
#[derive(Clone)]
pub struct Command {
    pub(super) line: String,
    pub(super) stdin: Vec<u8>,
    pub(super) limit: Duration,
    pub(super) bytes: usize,
}

impl Command {
    /// This line, without input, for at most 30 seconds and 1 MiB of output.
    pub fn new(line: impl Into<String>) -> Self {
        Self { line: line.into(), stdin: Vec::new(), limit: Duration::from_secs(30), bytes: 1024 * 1024 }
    }

    /// What the command reads.
    #[must_use]
    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.stdin = input.into();
        self
    }

    /// How long it may take.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The most that it may write to both of its outputs together.
    #[must_use]
    pub fn output_bytes(mut self, most: usize) -> Self {
        self.bytes = most;
        self
    }
}

impl From<&str> for Command {
    fn from(line: &str) -> Self {
        Self::new(line)
    }
}

impl fmt::Debug for Command {
    /// Without its line and input, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command").field("limit", &self.limit).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// What a command wrote and how it ended.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Output {
    /// How it ended.
    pub exit: Exit,
    /// What it wrote to its standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to its standard error.
    pub stderr: Vec<u8>,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this status.
    Status(u32),
    /// By a signal, such as `KILL`.
    Signal(String),
}

impl Output {
    /// Whether it ended with status 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.exit == Exit::Status(0)
    }

    /// Its standard output as text; what is no UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

impl fmt::Debug for Output {
    /// Without what was written, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("exit", &self.exit)
            .field("stdout_bytes", &self.stdout.len())
            .field("stderr_bytes", &self.stderr.len())
            .finish()
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {status}"),
            Self::Signal(name) => write!(f, "signal {name}"),
        }
    }
}
