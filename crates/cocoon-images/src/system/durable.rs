//! Files that are there in full or not at all, also after a power cut.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::crash;

/// Writes a file so that whoever reads it, now or after a crash, finds the old content or the new one.
///
/// Only one may write a path at a time: the half-written file has a fixed name, so that the next writer replaces it.
///
/// # Errors
/// What the file system says.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let half = path.with_added_extension("new");
    let mut file = File::create(&half)?;
    crash::point("durable: created");
    file.write_all(content)?;
    file.sync_all()?;
    crash::point("durable: written");
    fs::rename(&half, path)?;
    crash::point("durable: renamed");
    sync_parent(path)
}

/// Makes the entry of `path` in its directory durable.
///
/// # Errors
/// What the file system says.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let folder = std::env::temp_dir().join(format!("cocoon-durable-{:016x}", fastrand::u64(..)));
        fs::create_dir(&folder).unwrap();
        let path = folder.join("vm.json");
        write(&path, b"first, and longer").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }
}
