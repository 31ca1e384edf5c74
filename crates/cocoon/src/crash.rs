//! Places where the crash tests end the process, as `kill -9` would.
//!
//! Every step that a killed command could stop at names itself here. Without the feature `crash-points` that is nothing.

/// A step was taken: `name` says which.
#[cfg(not(feature = "crash-points"))]
pub(crate) fn point(_name: &'static str) {}

/// A step was taken: `name` says which. Ends the process where this is the step that `COCOON_CRASH_AT` counts to.
#[cfg(feature = "crash-points")]
pub(crate) fn point(name: &'static str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static CRASH_AT: LazyLock<Option<u64>> = LazyLock::new(crate::config::crash_at);
    static TAKEN: AtomicU64 = AtomicU64::new(0);

    if *CRASH_AT == Some(TAKEN.fetch_add(1, Ordering::SeqCst) + 1) {
        use std::io::Write;
        // Whether the test can read it does not matter to the crash.
        let _ = writeln!(std::io::stderr(), "crash point: {name}");
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        loop {
            std::thread::park();
        }
    }
}
