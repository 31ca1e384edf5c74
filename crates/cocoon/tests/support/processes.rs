//! The processes of this box, seen and killed without any help of cocoon's.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The processes whose program and standard input are such.
pub(crate) fn processes(wanted: impl Fn(&str, &Path) -> bool) -> Vec<u32> {
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let are = |process: &u32| {
        let Ok(input) = fs::read_link(format!("/proc/{process}/fd/0")) else { return false };
        let program = fs::read_link(format!("/proc/{process}/exe")).unwrap_or_default();
        wanted(&program.to_string_lossy(), &input)
    };
    all.filter(are).collect()
}

/// As `kill -9` does it.
pub(crate) fn kill(process: u32) {
    let status = Command::new("kill").args(["-9", &process.to_string()]).stderr(Stdio::null()).status();
    status.expect("every box has `kill`");
}

/// Looks again and again, for half a minute at most.
#[track_caller]
pub(crate) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
