//! The bundle that hosts fetch: a service of a few lines, and bytes that make it large enough to be broken off.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::image::run;

/// Its name, the folder under `/opt` that it is unpacked to.
pub(crate) const NAME: &str = "trial";

/// Counts its starts in the file it is given, and stays.
const SERVICE: &str = "#!/bin/sh\necho started >> \"$1\"\nexec sleep infinity\n";

/// So much that does not compress.
const PADDING: usize = 256 * 1024;

/// Makes the archive; a folder is used meanwhile.
pub(crate) fn make(folder: &Path) -> Result<Vec<u8>> {
    let (content, archive) = (folder.join("bundle"), folder.join("bundle.tar.gz"));
    fs::create_dir_all(content.join("bin"))?;
    let service = content.join("bin/serve");
    fs::write(&service, SERVICE)?;
    fs::set_permissions(&service, fs::Permissions::from_mode(0o755))?;
    let padding: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(PADDING).collect();
    fs::write(content.join("padding"), padding)?;
    run(Command::new("tar")
        .args(["--create", "--gzip", "--file"])
        .arg(&archive)
        .arg("--directory")
        .arg(&content)
        .arg("."))?;
    Ok(fs::read(archive)?)
}
