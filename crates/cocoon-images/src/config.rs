//! What is read of the environment.

use std::path::PathBuf;

/// Where programs are looked for.
pub(crate) fn search_path() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|paths| std::env::split_paths(&paths).collect()).unwrap_or_default()
}

/// The crash point at which this process ends.
#[cfg(feature = "crash-points")]
pub(crate) fn crash_at() -> Option<u64> {
    std::env::var("COCOON_CRASH_AT").ok()?.parse().ok()
}

/// The file that this process's crash points are written to.
#[cfg(feature = "crash-points")]
pub(crate) fn crash_trace() -> Option<PathBuf> {
    std::env::var_os("COCOON_CRASH_TRACE").map(PathBuf::from)
}
