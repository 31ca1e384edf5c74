//! Programs of this box.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::config;

/// The path of a program: the name itself where it is a path, otherwise the first of `PATH` that can be executed.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let executable = |path: &Path| path.is_file() && access(path, Access::EXEC_OK).is_ok();
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| executable(path));
    }
    config::search_path().into_iter().map(|folder| folder.join(name)).find(|path| executable(path))
}
