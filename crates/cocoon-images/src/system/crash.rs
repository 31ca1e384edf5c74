//! Places where the crash tests end the process, as `kill -9` would.
//!
//! Every step that a killed command could stop at names itself here. Without the feature `crash-points` that is nothing.
//! With it `COCOON_CRASH_AT` ends the process at a step, and `COCOON_CRASH_TRACE` is the file that the steps are told to.

/// A step was taken: `name` says which.
#[cfg(not(feature = "crash-points"))]
pub fn point(_name: &'static str) {}

/// A step was taken: `name` says which. Ends the process where this is the step that `COCOON_CRASH_AT` counts to.
#[cfg(feature = "crash-points")]
pub fn point(name: &'static str) {
    use std::fs::File;
    use std::io::Write;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static CRASH_AT: LazyLock<Option<u64>> = LazyLock::new(crate::config::crash_at);
    static TRACE: LazyLock<Option<File>> =
        LazyLock::new(|| File::options().append(true).create(true).open(crate::config::crash_trace()?).ok());
    static TAKEN: AtomicU64 = AtomicU64::new(0);

    if let Some(mut trace) = TRACE.as_ref() {
        // Told for figures alone.
        let _ = trace.write_all(format!("{name}\n").as_bytes());
    }
    if *CRASH_AT == Some(TAKEN.fetch_add(1, Ordering::SeqCst) + 1) {
        // Whether the test can read it does not matter to the crash.
        let _ = writeln!(std::io::stderr(), "crash point: {name}");
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        loop {
            std::thread::park();
        }
    }
}
