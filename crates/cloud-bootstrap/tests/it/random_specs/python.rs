//! The Python that reads user data back.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const VARIABLE: &str = "CLOUD_BOOTSTRAP_PYTHON";

/// A Python with PyYAML.
pub(crate) struct Python(String);

impl Python {
    /// The Python to be used and how many cases to try; none where there is none and none is demanded.
    pub(crate) fn find() -> Option<(Self, usize)> {
        if let Ok(python) = std::env::var(VARIABLE) {
            return Some((Self(python), 10_000));
        }
        let python = Self("python3".to_owned());
        let found = Command::new(&python.0).args(["-c", "import yaml"]).stderr(Stdio::null()).status();
        if found.is_ok_and(|status| status.success()) {
            return Some((python, 400));
        }
        eprintln!("skipped: python3 has no PyYAML, and {VARIABLE} names no other");
        None
    }

    pub(crate) fn start(&self) -> Reader {
        let mut command = Command::new(&self.0);
        command.args(["-c", include_str!("read.py")]).env("PYTHONUTF8", "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Reader { child, input, output }
    }
}

/// One that runs.
pub(crate) struct Reader {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Reader {
    /// Hands over a case and reads the answer.
    pub(crate) fn ask(&mut self, case: &str) -> String {
        writeln!(self.input, "{case}").expect("Python reads what it is given");
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
