//! Names by which a process knows the files that it is making, so that it can remove them when its user takes it back.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::{fs, io};

/// A name that nobody had before, by which this process knows what is its own.
pub fn own_name() -> String {
    format!("{}{:08x}", *OWN, fastrand::u32(..))
}

static OWN: LazyLock<String> = LazyLock::new(|| format!("{:08x}", fastrand::u32(..)));

/// Removes what has a name of this process in the directory; returns what was there. What could not be removed is there still.
pub fn remove_own(directory: &Path) -> Vec<PathBuf> {
    let own = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.trim_start_matches("new-").starts_with(OWN.as_str())
    };
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(own).collect();
    for path in &found {
        // What stays is reported by the caller.
        let _: io::Result<()> = if path.is_dir() { remove_directory(path) } else { fs::remove_file(path) };
    }
    found
}

/// Takes the directory away first, in one step: it is being filled, and might be published while it is taken apart.
fn remove_directory(path: &Path) -> io::Result<()> {
    let away = path.with_file_name(own_name());
    fs::rename(path, &away)?;
    fs::remove_dir_all(away)
}
