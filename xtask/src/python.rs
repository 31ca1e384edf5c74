//! Python with packages that others wrote, each use in a virtual environment of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::shell::{Result, output, run, target_dir};

/// Makes the environment anew with these packages; gives its Python.
pub(crate) fn virtual_environment(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let folder = target_dir().join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder).stdin(Stdio::null()))?;
    let python = folder.join("bin/python");
    install(&python, packages)?;
    Ok(python)
}

/// Installs packages and tells their versions.
pub(crate) fn install(python: &Path, packages: &[&str]) -> Result {
    let pip = ["-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet", "--upgrade"];
    run(Command::new(python).args(pip).args(packages).stdin(Stdio::null()))?;
    for package in packages {
        let name = package.split(['=', '[']).next().unwrap_or(package);
        let version = format!("import importlib.metadata as m; print(m.version('{name}'))");
        print!("{name} {}", output(Command::new(python).args(["-c", &version]))?);
    }
    Ok(())
}
