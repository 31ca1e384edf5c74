//! Programs of this box: where they are, and what they said when they failed.

use std::path::{Path, PathBuf};
use std::process::Output;

use cloud_types::{Error, ErrorKind};
use rustix::fs::{Access, access};

use crate::config;

/// The path of a program: the name itself where it is a path, otherwise the first of `PATH` that can be executed.
pub fn find(name: &str) -> Option<PathBuf> {
    let executable = |path: &Path| path.is_file() && access(path, Access::EXEC_OK).is_ok();
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| executable(path));
    }
    config::search_path().into_iter().map(|folder| folder.join(name)).find(|path| executable(path))
}

/// A program that did not succeed: with its words, or how it ended where it said nothing.
pub fn failed(name: &str, output: &Output) -> Error {
    let words = String::from_utf8_lossy(&output.stderr);
    let words = words.trim().trim_start_matches(&format!("{name}: ")).replace('\n', "; ");
    let message = match output.status.code() {
        Some(_) if !words.is_empty() => format!("{name}: {words}"),
        // What was ended in the midst of a word has not said why.
        None if !words.is_empty() => format!("{name} ended: {}; it had said: {words}", output.status),
        _ => format!("{name} ended without a word: {}", output.status),
    };
    let kind = match message.contains("No space left on device") {
        true => ErrorKind::QuotaExceeded,
        false => ErrorKind::Unexpected,
    };
    Error::new(kind, message)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_program_that_was_killed_is_told_so() {
        let output = Command::new("sh").args(["-c", "kill -9 $$"]).output().unwrap();
        assert_eq!(failed("sh", &output).message(), "sh ended without a word: signal: 9 (SIGKILL)");
        let output = Command::new("sh").args(["-c", "echo sh: >&2; kill -9 $$"]).output().unwrap();
        assert_eq!(failed("sh", &output).message(), "sh ended: signal: 9 (SIGKILL); it had said: sh:");
    }
}
