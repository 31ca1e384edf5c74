//! Commands that a host runs at its first boot.

use std::time::Duration;

use cloud_types::{Error, Result};
use secrecy::SecretString;

use crate::check;
use crate::secret::Value;

/// A program with its arguments, run as root, once. It fails when its exit status is not 0, or when it takes too long
/// (an hour, if nothing else is said).
///
/// What it prints goes to `/var/log/cloud-boot.log`, which root alone can read; the last lines of one that fails are in the
/// host's signal, without the secrets that it was given.
#[derive(Debug, Clone)]
pub struct Command {
    pub(crate) words: Vec<String>,
    pub(crate) environment: Vec<(String, Value)>,
    pub(crate) within: Duration,
}

impl Command {
    /// A program and its arguments; no shell reads them.
    ///
    /// # Errors
    /// `InvalidRequest` where there is no program, or a word has a NUL.
    pub fn new<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Result<Self> {
        let words: Vec<String> = words.into_iter().map(Into::into).collect();
        if words.first().is_none_or(String::is_empty) {
            return Err(Error::invalid("command", "must name a program"));
        }
        words.iter().try_for_each(|word| check::no_nul("command", word))?;
        Ok(Self { words, environment: Vec::new(), within: Duration::from_secs(3600) })
    }

    /// A text that `/bin/sh` runs, and that ends at the first command that fails (`sh -e`).
    ///
    /// # Errors
    /// `InvalidRequest` where it has a NUL.
    pub fn shell(text: impl Into<String>) -> Result<Self> {
        Self::new(["sh".to_owned(), "-ec".to_owned(), text.into()])
    }

    /// Sets an environment variable for it.
    ///
    /// # Errors
    /// `InvalidRequest` where it is no name of a variable, or the value has a NUL.
    pub fn env(self, name: &str, value: impl Into<String>) -> Result<Self> {
        self.variable(name, Value::Plain(value.into()))
    }

    /// Sets an environment variable whose value is secret.
    ///
    /// # Errors
    /// As [`env`](Self::env).
    pub fn secret_env(self, name: &str, value: impl Into<SecretString>) -> Result<Self> {
        self.variable(name, Value::Secret(value.into()))
    }

    fn variable(mut self, name: &str, value: Value) -> Result<Self> {
        let name = check::variable("command.env", name)?;
        check::no_nul("command.env", value.expose())?;
        self.environment.push((name, value));
        Ok(self)
    }

    /// How long it may take at most, in whole seconds, at least one.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_of_a_command_is_not_printed() {
        let command = Command::shell("true").unwrap().secret_env("PASSWORD", "hunter2").unwrap();
        assert!(!format!("{command:?}").contains("hunter2"), "{command:?}");
    }

    #[test]
    fn a_command_names_a_program() {
        assert!(Command::new(Vec::<String>::new()).is_err());
        assert!(Command::new([""]).is_err());
        assert!(Command::new(["a", "b\0"]).is_err());
    }
}
