//! Boots: generated user data on a real image, and the VMs of the command `cocoon`, in QEMU. What is prepared here is used by
//! the program `cloud-boot-trial`.

mod image;
mod tools;

use std::path::Path;
use std::process::{Command, Stdio};

use crate::shell::{Result, built, root, run as run_to_end};

/// Installs the tools that are missing, builds the image where it is not in the cache, and boots.
pub(crate) fn run(arguments: &[String]) -> Result {
    if let Some(unknown) = arguments.iter().find(|argument| !OPTIONS.contains(&argument.as_str())) {
        return Err(format!("unexpected argument `{unknown}`; boot takes {}", OPTIONS.join(", ")).into());
    }
    if let Some(reason) = hindrance() {
        return Err(reason.into());
    }
    tools::install()?;
    let image = image::debian()?;
    let mut trial = Command::new(built("cloud-boot-trial", &[])?);
    run_to_end(trial.args(["user-data", "--image"]).arg(image).args(arguments).current_dir(root()).stdin(Stdio::null()))
}

/// The same for what the command `cocoon` boots.
pub(crate) fn cocoon(arguments: &[String]) -> Result {
    if let Some(unknown) = arguments.iter().find(|argument| argument.as_str() != "--json") {
        return Err(format!("unexpected argument `{unknown}`; cocoon-boot takes --json").into());
    }
    if let Some(reason) = hindrance() {
        return Err(reason.into());
    }
    tools::install_for_cocoon()?;
    let images = image::cloud()?;
    let (program, trials) = (built("cocoon", &["cocoon/cli"])?, built("cloud-boot-trial", &[])?);
    // In a network namespace of its own, so that no network of the VMs is one of this machine.
    let mut trial = Command::new("unshare");
    trial.args(["--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]).arg(trials);
    trial.args(["cocoon", "--networks", "--program"]).arg(program).arg("--images").arg(images);
    run_to_end(trial.args(arguments).stdin(Stdio::null()))
}

/// Installs what the tests can use: without it they pass some by, and say so.
pub(crate) fn install_tools() -> Result {
    tools::install_for_cocoon()
}

/// Why nothing can be booted on this machine, where that is so.
pub(crate) fn hindrance() -> Option<String> {
    if !Path::new("/etc/debian_version").exists() || !cfg!(target_arch = "x86_64") {
        return Some("it needs Debian on x86-64, whose packages the image is built from".to_owned());
    }
    None
}

const OPTIONS: [&str; 2] = ["--keep", "--json"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_option_is_refused_before_anything_is_installed() {
        let error = run(&["--fast".to_owned()]).unwrap_err().to_string();
        assert_eq!(error, "unexpected argument `--fast`; boot takes --keep, --json");
        let error = cocoon(&["--keep".to_owned()]).unwrap_err().to_string();
        assert_eq!(error, "unexpected argument `--keep`; cocoon-boot takes --json");
    }
}
