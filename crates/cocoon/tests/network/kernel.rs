//! Debian's kernel for virtual machines, taken out of its package and not installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::text;

/// The package's files, kept between runs; `None`, with a word, where it cannot be had.
pub(crate) fn package() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("linux-image-cloud-amd64");
    if folder.exists() {
        return Some(folder);
    }
    let made = fetch();
    match &made {
        // Another test may have been faster, with the same.
        Some(half) => {
            let _ = fs::rename(half.join("root"), &folder);
            fs::remove_dir_all(half).unwrap();
        }
        None => {
            eprintln!("skipped: `apt-get download` has no linux-image-cloud-amd64, or busybox-static is not installed");
        }
    }
    made.map(|_| folder)
}

fn fetch() -> Option<PathBuf> {
    let is_static = Command::new("busybox").arg("true").status().ok()?.success() && fs::exists("/bin/busybox").ok()?;
    let depends = Command::new("apt-cache").args(["depends", "linux-image-cloud-amd64"]).output().ok()?;
    let depends = text(&depends.stdout);
    let package = depends.lines().find_map(|line| line.trim().strip_prefix("Depends: "))?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kernel-{:016x}", fastrand::u64(..)));
    fs::create_dir_all(&folder).unwrap();
    let download = Command::new("apt-get").args(["-qq", "download", package]).current_dir(&folder).output().ok()?;
    let file = fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path()).next()?;
    let unpacked = Command::new("dpkg-deb").arg("-x").arg(&file).arg(folder.join("root")).status().ok()?;
    (is_static && download.status.success() && unpacked.success()).then_some(folder)
}
