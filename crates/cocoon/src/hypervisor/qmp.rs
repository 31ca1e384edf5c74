//! QEMU's control protocol: a line of JSON for each command, answer and event, on a Unix socket.
//!
//! <https://www.qemu.org/docs/master/interop/qmp-spec.html>. One client is served at a time; whoever changes a VM holds its
//! lock, so that nobody waits for another here.

use std::io;
use std::path::Path;
use std::time::Duration;

use cloud_types::{Error, ErrorKind, Result};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::error;

/// A connection that has agreed on its capabilities.
#[derive(Debug)]
pub(crate) struct Qmp {
    stream: BufReader<UnixStream>,
    deadline_of_a_command: Duration,
}

impl Qmp {
    /// Connects as soon as somebody listens, and answers when commands are taken.
    pub(crate) async fn connect(socket: &Path, patience: Duration) -> Result<Self> {
        let deadline = Instant::now() + patience;
        let stream = loop {
            match timeout_at(deadline, UnixStream::connect(socket)).await {
                Ok(Ok(stream)) => break stream,
                Ok(Err(error)) if not_yet(&error) && Instant::now() < deadline => sleep(RETRY).await,
                Ok(Err(error)) if !not_yet(&error) => {
                    return Err(error::io(format_args!("connecting to {}", socket.display()), error));
                }
                _ => return Err(silent(socket, patience)),
            }
        };
        let mut qmp = Self { stream: BufReader::new(stream), deadline_of_a_command: COMMAND };
        let greeted = timeout_at(deadline, async {
            qmp.message().await?;
            qmp.exchange("qmp_capabilities", Value::Null).await
        });
        greeted.await.map_err(|_| silent(socket, patience))??;
        Ok(qmp)
    }

    /// Runs one command and answers what it returns. Events in between are passed by.
    ///
    /// # Errors
    /// `InvalidRequest` where QEMU refuses it, with its words; `Unavailable` where the connection ends; `Timeout`.
    pub(crate) async fn execute(&mut self, command: &str, arguments: Value) -> Result<Value> {
        let deadline = self.deadline_of_a_command;
        timeout(deadline, self.exchange(command, arguments)).await.unwrap_or_else(|_| {
            let message = format!("QEMU did not answer `{command}` within {} s", deadline.as_secs());
            Err(Error::new(ErrorKind::Timeout, message))
        })
    }

    async fn exchange(&mut self, command: &str, arguments: Value) -> Result<Value> {
        let mut line = json!({ "execute": command });
        if !arguments.is_null() {
            line["arguments"] = arguments;
        }
        let line = format!("{line}\n");
        self.stream.write_all(line.as_bytes()).await.map_err(|error| error::io("writing to QEMU", error))?;
        loop {
            let mut message = self.message().await?;
            if let Some(answer) = message.get_mut("return") {
                return Ok(answer.take());
            }
            if let Some(refusal) = message.get("error") {
                let words = refusal["desc"].as_str().unwrap_or("no reason given");
                let code = refusal["class"].as_str().unwrap_or_default();
                let error = Error::new(ErrorKind::InvalidRequest, format!("QEMU refuses `{command}`: {words}"));
                return Err(error.with_code(code));
            }
        }
    }

    /// The next line, at most `LONGEST` bytes of it.
    async fn message(&mut self) -> Result<Value> {
        let mut line = Vec::new();
        let read = (&mut self.stream).take(LONGEST).read_until(b'\n', &mut line).await;
        if read.map_err(|error| error::io("reading from QEMU", error))? == 0 {
            return Err(Error::new(ErrorKind::Unavailable, "QEMU has closed its control socket"));
        }
        serde_json::from_slice(&line)
            .map_err(|error| Error::new(ErrorKind::Unexpected, format!("no JSON from QEMU: {error}")))
    }
}

/// Between two attempts to connect.
const RETRY: Duration = Duration::from_millis(2);

/// How long one command may take.
const COMMAND: Duration = Duration::from_secs(10);

/// Longer than any line of QEMU's.
const LONGEST: u64 = 16 << 20;

/// Whether the socket is not there so far, or nobody listens on it.
fn not_yet(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

fn silent(socket: &Path, patience: Duration) -> Error {
    let message = format!("no answer from QEMU at {} within {} ms", socket.display(), patience.as_millis());
    Error::new(ErrorKind::Timeout, message)
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixListener;

    use super::*;

    const GREETING: &str = r#"{"QMP": {"version": {}, "capabilities": ["oob"]}}"#;

    /// A QEMU that says these lines, one for each that it hears, after its greeting.
    fn qemu(lines: Vec<String>) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("cocoon-qmp-{:016x}", fastrand::u64(..)));
        let listener = UnixListener::bind(&path).unwrap();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            stream.write_all(format!("{GREETING}\r\n").as_bytes()).await.unwrap();
            for line in lines {
                let mut heard = String::new();
                stream.read_line(&mut heard).await.unwrap();
                stream.write_all(line.as_bytes()).await.unwrap();
            }
        });
        path
    }

    fn agreed() -> String {
        "{\"return\": {}}\n".to_owned()
    }

    #[tokio::test]
    async fn events_before_an_answer_are_passed_by() {
        let answer = "{\"event\": \"POWERDOWN\"}\n{\"return\": {\"status\": \"running\"}}\n".to_owned();
        let socket = qemu(vec![agreed(), answer]);
        let mut qmp = Qmp::connect(&socket, Duration::from_secs(5)).await.unwrap();
        assert_eq!(qmp.execute("query-status", Value::Null).await.unwrap()["status"], "running");
        std::fs::remove_file(socket).unwrap();
    }

    #[tokio::test]
    async fn a_refusal_is_told_in_qemus_words() {
        let refusal = "{\"error\": {\"class\": \"GenericError\", \"desc\": \"No such device\"}}\n".to_owned();
        let socket = qemu(vec![agreed(), refusal]);
        let mut qmp = Qmp::connect(&socket, Duration::from_secs(5)).await.unwrap();
        let error = qmp.execute("device_del", json!({"id": "x"})).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::InvalidRequest, Some("GenericError")));
        assert!(error.message().contains("No such device"), "{error}");
        std::fs::remove_file(socket).unwrap();
    }

    #[tokio::test]
    async fn a_socket_that_closes_is_unavailable_and_one_that_is_missing_a_timeout() {
        let socket = qemu(vec![agreed()]);
        let mut qmp = Qmp::connect(&socket, Duration::from_secs(5)).await.unwrap();
        let error = qmp.execute("query-status", Value::Null).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Unavailable), "{error}");
        std::fs::remove_file(&socket).unwrap();
        let error = Qmp::connect(&socket, Duration::from_millis(10)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
    }
}
