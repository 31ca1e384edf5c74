//! The script: the functions of `first-boot.sh` with the plan below them.

use cloud_types::Result;

use crate::bootstrap::Bootstrap;
use crate::fit;
use crate::steps::{self, Scope};

/// Where the script lies on a host, when it is not the user data itself.
pub(crate) const PATH: &str = "/var/lib/cloud-boot/first-boot";

/// A script that does all.
pub(crate) fn whole(bootstrap: &Bootstrap) -> String {
    script(bootstrap, Scope::Whole)
}

/// A script that does what a cloud-config beside it does not say.
pub(crate) fn beside_cloud_config(bootstrap: &Bootstrap) -> String {
    script(bootstrap, Scope::BesideCloudConfig)
}

fn script(bootstrap: &Bootstrap, scope: Scope) -> String {
    FUNCTIONS.to_owned() + &steps::plan(bootstrap, scope).to_shell(&bootstrap.boot_id())
}

/// A script that unpacks the whole one and runs it.
pub(crate) fn self_extracting(bootstrap: &Bootstrap) -> Result<String> {
    let packed = fit::in_lines(&fit::gzip(&whole(bootstrap))?);
    Ok(format!(
        "#!/bin/sh\n# The first boot of this host, compressed.\nfile=${{CLOUD_BOOT_ROOT:-}}{PATH}\n\
         mkdir -p \"${{file%/*}}\"\numask 077\n\
         base64 -d <<'END' | gunzip >\"$file\" && exec sh \"$file\"\n{packed}\nEND\nexit 1\n"
    ))
}

const FUNCTIONS: &str = include_str!("first-boot.sh");
