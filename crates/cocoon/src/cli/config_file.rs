//! The file of settings: what neither an option nor the environment says.
//!
//! ```toml
//! root_dir = "/srv/cocoon"
//! run_dir = "/run/cocoon"
//! log_dir = "/var/log/cocoon"
//! hypervisor = "qemu-system-x86_64"
//! acceleration = "auto"
//! ```

use std::fs;
use std::io::ErrorKind::NotFound;
use std::path::{Path, PathBuf};

use cloud_types::{Error, Result};
use cocoon::Acceleration;
use serde::Deserialize;

/// What a file sets.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) root_dir: Option<PathBuf>,
    pub(crate) run_dir: Option<PathBuf>,
    pub(crate) log_dir: Option<PathBuf>,
    pub(crate) hypervisor: Option<PathBuf>,
    pub(crate) acceleration: Option<String>,
}

impl Settings {
    /// What the file sets that the user names, or else those files that every user and this one may have.
    ///
    /// # Errors
    /// `InvalidRequest` on field `config` where a file cannot be read or does not say what it may, with the line; without
    /// the file only where the user names it.
    pub(crate) fn find(named: Option<&Path>) -> Result<Self> {
        if let Some(path) = named {
            let missing = || Error::invalid("config", format!("{}: there is no such file", path.display()));
            return Self::read(path)?.ok_or_else(missing);
        }
        let own = std::env::home_dir().map(|home| home.join(".config/cocoon/config.toml"));
        let mut settings = Self::default();
        for path in own.into_iter().chain([PathBuf::from("/etc/cocoon/config.toml")]) {
            if let Some(further) = Self::read(&path)? {
                settings = settings.or(further);
            }
        }
        Ok(settings)
    }

    /// `None` where there is no such file.
    fn read(path: &Path) -> Result<Option<Self>> {
        let wrong = |reason: String| Error::invalid("config", format!("{}: {reason}", path.display()));
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == NotFound => return Ok(None),
            text => text.map_err(|error| wrong(error.to_string()))?,
        };
        let settings: Self = toml::from_str(&text).map_err(|error| {
            let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
            let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            wrong(format!("{line}{}", error.message().replace('\n', " ")))
        })?;
        settings.check().map_err(wrong)?;
        Ok(Some(settings))
    }

    /// A relative path would mean another directory in each terminal.
    fn check(&self) -> Result<(), String> {
        let named = [("root_dir", &self.root_dir), ("run_dir", &self.run_dir), ("log_dir", &self.log_dir)];
        for (key, path) in named {
            if let Some(path) = path.as_ref().filter(|path| !path.is_absolute()) {
                return Err(format!("{key}: must be an absolute path, got {:?}", path.display()));
            }
        }
        self.acceleration().map(drop).map_err(|error| format!("acceleration: {}", error.message()))
    }

    pub(crate) fn acceleration(&self) -> Result<Option<Acceleration>> {
        self.acceleration.as_ref().map(|text| text.parse()).transpose()
    }

    fn or(self, other: Self) -> Self {
        Self {
            root_dir: self.root_dir.or(other.root_dir),
            run_dir: self.run_dir.or(other.run_dir),
            log_dir: self.log_dir.or(other.log_dir),
            hypervisor: self.hypervisor.or(other.hypervisor),
            acceleration: self.acceleration.or(other.acceleration),
        }
    }
}
