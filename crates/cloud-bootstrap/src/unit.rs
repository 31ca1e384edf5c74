//! systemd units of a host.

use std::fmt::Write as _;

use cloud_types::{Error, Result};
use secrecy::SecretString;

use crate::check;
use crate::secret::Value;

/// A service of systemd: a program that is started now and at each boot, and again whenever it ends.
///
/// The first boot is ready once the service has been active for five seconds on end; where it fails or is not within 90
/// seconds, the first boot fails with the last lines of its journal.
#[derive(Debug, Clone)]
pub struct Unit {
    pub(crate) name: String,
    exec: Vec<String>,
    environment: Vec<(String, Value)>,
    user: String,
    folder: Option<String>,
}

impl Unit {
    /// The service `NAME.service`, run as root: the program by its absolute path, and its arguments.
    ///
    /// # Errors
    /// `InvalidRequest` where the name is not 1 to 64 of `A-Za-z0-9._-`, the program no absolute path, or a word has a
    /// NUL or a line's end.
    pub fn new<W: Into<String>>(name: &str, exec: impl IntoIterator<Item = W>) -> Result<Self> {
        let name = check::word("unit.name", name.strip_suffix(".service").unwrap_or(name))? + ".service";
        let exec: Vec<String> = exec.into_iter().map(Into::into).collect();
        let program = exec.first().map_or("", String::as_str);
        check::plain_path("unit.exec", program)?;
        exec.iter().try_for_each(|word| one_line("unit.exec", word))?;
        Ok(Self { name, exec, environment: Vec::new(), user: "root".to_owned(), folder: None })
    }

    /// Sets an environment variable for it.
    ///
    /// # Errors
    /// `InvalidRequest` where it is no name of a variable, or the value has a NUL or a line's end.
    pub fn env(self, name: &str, value: impl Into<String>) -> Result<Self> {
        self.variable(name, Value::Plain(value.into()))
    }

    /// Sets an environment variable whose value is secret: it is in a file that root alone can read.
    ///
    /// # Errors
    /// As [`env`](Self::env).
    pub fn secret_env(self, name: &str, value: impl Into<SecretString>) -> Result<Self> {
        self.variable(name, Value::Secret(value.into()))
    }

    fn variable(mut self, name: &str, value: Value) -> Result<Self> {
        let name = check::variable("unit.env", name)?;
        one_line("unit.env", value.expose())?;
        self.environment.push((name, value));
        Ok(self)
    }

    /// Another user than root, one that the image or the [`Bootstrap`](crate::Bootstrap) has.
    ///
    /// # Errors
    /// `InvalidRequest` where it is no name of a user.
    pub fn user(mut self, name: &str) -> Result<Self> {
        self.user = check::account("unit.user", name)?;
        Ok(self)
    }

    /// The folder that it is started in.
    ///
    /// # Errors
    /// `InvalidRequest` where it is no absolute path of ASCII letters, digits and `/._-`.
    pub fn folder(mut self, path: &str) -> Result<Self> {
        self.folder = Some(check::plain_path("unit.folder", path)?);
        Ok(self)
    }

    /// The unit file; the service waits for `mount`, where one is given.
    pub(crate) fn text(&self, mount: Option<&str>) -> String {
        let mut text = format!("[Unit]\nDescription={}\n", self.name.trim_end_matches(".service"));
        text += "Wants=network-online.target\nAfter=network-online.target\n";
        // It is started again without end: what it needs may come later.
        text += "StartLimitIntervalSec=0\n";
        if let Some(mount) = mount {
            let _ = writeln!(text, "RequiresMountsFor={mount}");
        }
        let words: Vec<String> = self.exec.iter().map(|word| quote(word).replace('$', "$$")).collect();
        let _ = write!(text, "\n[Service]\nType=exec\nExecStart={}\nUser={}\n", words.join(" "), self.user);
        if let Some(folder) = &self.folder {
            let _ = writeln!(text, "WorkingDirectory={folder}");
        }
        for (name, value) in &self.environment {
            if let Value::Plain(value) = value {
                let _ = writeln!(text, "Environment={}", quote(&format!("{name}={value}")));
            }
        }
        if self.has_secrets() {
            let _ = writeln!(text, "EnvironmentFile=/etc/cloud-boot/{}.env", self.name);
        }
        text + "Restart=always\nRestartSec=2\n\n[Install]\nWantedBy=multi-user.target\n"
    }

    /// The file of its secret variables; empty where there are none.
    pub(crate) fn secret_text(&self) -> Value {
        let secret = self.environment.iter().filter(|(_, value)| matches!(value, Value::Secret(_)));
        let lines: String = secret.map(|(name, value)| format!("{name}={}\n", quote_secret(value.expose()))).collect();
        if lines.is_empty() { Value::Plain(lines) } else { Value::secret(lines) }
    }

    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Value> {
        self.environment.iter().map(|(_, value)| value).filter(|value| matches!(value, Value::Secret(_)))
    }

    fn has_secrets(&self) -> bool {
        self.secrets().next().is_some()
    }
}

/// A text that a line of a unit file can hold.
fn one_line(field: &'static str, text: &str) -> Result<()> {
    check::no_nul(field, text)?;
    if text.contains(['\n', '\r']) {
        return Err(Error::invalid(field, "must not contain the end of a line"));
    }
    Ok(())
}

/// A word as systemd reads it back (<https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html>, "Command
/// lines"); `%` is its mark of a specifier.
fn quote(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%"))
}

/// As an `EnvironmentFile` has it, which knows no specifiers
/// (<https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html>).
fn quote_secret(value: &str) -> String {
    let mut quoted = String::from("\"");
    for character in value.chars() {
        if matches!(character, '"' | '\\' | '`' | '$') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_says_all_that_it_was_given() {
        let unit = Unit::new("web", ["/opt/web/run", "--name", "a \"b\" $c 100%"]).unwrap();
        let unit = unit.env("LEVEL", "a b").unwrap().secret_env("KEY", "hunter2").unwrap().user("deploy").unwrap();
        let text = unit.text(Some("/srv/data"));
        for line in [
            "ExecStart=\"/opt/web/run\" \"--name\" \"a \\\"b\\\" $$c 100%%\"",
            "User=deploy",
            "Environment=\"LEVEL=a b\"",
            "EnvironmentFile=/etc/cloud-boot/web.service.env",
            "RequiresMountsFor=/srv/data",
            "Restart=always",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert_eq!(unit.secret_text().expose(), "KEY=\"hunter2\"\n");
        assert!(!text.contains("hunter2") && !format!("{unit:?}").contains("hunter2"));
    }

    #[test]
    fn a_unit_is_named_with_or_without_its_suffix() {
        let name = |name| Unit::new(name, ["/bin/true"]).unwrap().name;
        assert_eq!(name("web"), name("web.service"));
    }

    #[test]
    fn what_would_break_out_of_a_line_is_refused() {
        assert!(Unit::new("web", ["run"]).is_err(), "a program has an absolute path");
        assert!(Unit::new("web", ["/bin/sh", "a\nUser=root"]).is_err());
        let unit = Unit::new("web", ["/bin/sh"]).unwrap();
        assert!(unit.clone().env("A", "b\nUser=root").is_err());
        assert!(unit.secret_env("A", "b\nB=c").is_err());
    }
}
