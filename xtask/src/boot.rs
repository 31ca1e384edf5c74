//! Boot: generated user data on a real image, booted in QEMU. What is prepared here is used by the program
//! `cloud-boot-trial`.

mod image;
mod tools;

use std::path::Path;

use crate::shell::{Result, cargo, run as run_to_end};

/// Installs the tools that are missing, builds the image where it is not in the cache, and boots.
pub(crate) fn run(arguments: &[String]) -> Result {
    if let Some(unknown) = arguments.iter().find(|argument| !OPTIONS.contains(&argument.as_str())) {
        return Err(format!("unexpected argument `{unknown}`; boot takes {}", OPTIONS.join(", ")).into());
    }
    if let Some(reason) = hindrance() {
        return Err(reason.into());
    }
    tools::install()?;
    let image = image::get()?;
    let program = ["run", "--quiet", "--package", "cloud-boot-trial", "--", "--image"];
    run_to_end(cargo(program).arg(image).args(arguments))
}

/// Installs what the tests can use: without it they pass some by, and say so.
pub(crate) fn install_tools() -> Result {
    tools::install_for_tests()
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
    }
}
