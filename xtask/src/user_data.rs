//! User data: what `cloud-bootstrap` generates, read back by PyYAML and held to cloud-init's own check.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::python::virtual_environment;
use crate::shell::{Result, run as run_to_end, target_dir};
use crate::workspace_tests;

/// What reads user data back; and what the check of Debian's cloud-init imports, with its release's jsonschema.
const PACKAGES: [&str; 6] =
    ["PyYAML==6.0.2", "jsonschema==4.10.3", "Jinja2==3.1.6", "configobj==5.0.9", "jsonpatch==1.33", "requests==2.32.3"];

/// Whether there is a cloud-init to check with: it comes as a package of Debian and its kin.
pub(crate) fn can_be_checked() -> bool {
    Path::new("/etc/debian_version").exists()
}

/// Runs the two tests that need either.
pub(crate) fn check() -> Result {
    let python = virtual_environment("user-data/python", &PACKAGES)?;
    let cloud_init = cloud_init()?;
    let mut tests = workspace_tests::command(&["random_specs::", "schema::"])?;
    run_to_end(tests.env("CLOUD_BOOTSTRAP_PYTHON", python).env("CLOUD_INIT_SCHEMA", cloud_init))
}

/// Unpacks cloud-init's package from this machine's own sources, without installing it.
fn cloud_init() -> Result<PathBuf> {
    let folder = target_dir().join("user-data/cloud-init");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let script = "apt-get -qq update; apt-get -qq -o APT::Sandbox::User=root download cloud-init && \
        dpkg --extract cloud-init_*.deb . && ls *.deb";
    run_to_end(Command::new("sh").args(["-c", script]).current_dir(&folder).stdin(Stdio::null()))?;
    Ok(folder)
}
