//! The script: the functions of `first-boot.sh` with the plan below them.

use cloud_types::Result;

use crate::bootstrap::Bootstrap;
use crate::fit;
use crate::steps::{self, Scope};

/// Where the script lies on a host, when it is not the user data itself.
pub(crate) const PATH: &str = "/var/lib/cloud-boot/first-boot";

/// Whether the functions keep their comments, which are a third of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comments {
    /// For who reads the script on a host.
    Kept,
    /// For where room is scarce.
    Dropped,
}

/// A script that does all.
pub(crate) fn whole(bootstrap: &Bootstrap, comments: Comments) -> String {
    script(bootstrap, Scope::Whole, comments)
}

/// A script that does what a cloud-config beside it does not say.
pub(crate) fn beside_cloud_config(bootstrap: &Bootstrap, comments: Comments) -> String {
    script(bootstrap, Scope::BesideCloudConfig, comments)
}

fn script(bootstrap: &Bootstrap, scope: Scope, comments: Comments) -> String {
    let functions = match comments {
        Comments::Kept => FUNCTIONS.to_owned(),
        Comments::Dropped => without_comments(FUNCTIONS),
    };
    functions + &steps::plan(bootstrap, scope).to_shell(&bootstrap.boot_id())
}

/// The lines but those of comments and the empty ones; headings stay.
fn without_comments(script: &str) -> String {
    let kept = script.lines().filter(|line| {
        let text = line.trim_start();
        !text.is_empty() && (!text.starts_with('#') || text.starts_with("#!") || text.starts_with("# ---"))
    });
    kept.map(|line| format!("{line}\n")).collect()
}

/// A script that unpacks the whole one and runs it.
pub(crate) fn self_extracting(bootstrap: &Bootstrap) -> Result<String> {
    let packed = fit::in_lines(&fit::gzip(&whole(bootstrap, Comments::Dropped))?);
    Ok(format!(
        "#!/bin/sh\n# The first boot of this host, compressed.\nfile=${{CLOUD_BOOT_ROOT:-}}{PATH}\n\
         mkdir -p \"${{file%/*}}\"\numask 077\n\
         base64 -d <<'END' | gunzip >\"$file\" && exec sh \"$file\"\n{packed}\nEND\nexit 1\n"
    ))
}

const FUNCTIONS: &str = include_str!("first-boot.sh");
