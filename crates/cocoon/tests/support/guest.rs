//! The test guest: a kernel of less than a kilobyte, assembled of `guest.s`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The test guest, assembled once; `None` where something is missing.
pub(crate) fn guest() -> Option<&'static Path> {
    static GUEST: OnceLock<Option<PathBuf>> = OnceLock::new();
    GUEST.get_or_init(assemble).as_deref()
}

fn assemble() -> Option<PathBuf> {
    for program in ["qemu-system-x86_64", "qemu-img", "as", "ld"] {
        let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !found.is_ok_and(|status| status.success()) {
            eprintln!(
                "skipped: {program} is not installed (Debian's qemu-system-x86, qemu-utils and binutils have it all)"
            );
            return None;
        }
    }
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("guest-{}", std::process::id()));
    fs::create_dir_all(&made).unwrap();
    let [source, script, object, guest] = ["guest.s", "guest.ld", "guest.o", "guest.elf"].map(|file| made.join(file));
    fs::write(&source, include_str!("guest.s")).unwrap();
    fs::write(&script, include_str!("guest.ld")).unwrap();
    let assembled = Command::new("as").arg("--64").arg(&source).arg("-o").arg(&object).status().unwrap();
    assert!(assembled.success());
    let mut link = Command::new("ld");
    link.args(["-n", "-s", "--no-warn-rwx-segments", "-T"]).arg(&script).arg(&object);
    assert!(link.arg("-o").arg(&guest).status().unwrap().success());
    assert!(fs::metadata(&guest).unwrap().len() < 1024);
    Some(guest)
}
