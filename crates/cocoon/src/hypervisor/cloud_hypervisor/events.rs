//! The file of `--event-monitor`: what happened to the VM, one JSON object after the other.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::state::VmPaths;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Event {
    /// `vmm` or `vm`.
    pub(super) source: String,
    /// Such as `booted`.
    pub(super) event: String,
}

/// The file of a VM's present run; the program begins it anew.
pub(super) fn file(paths: &VmPaths) -> PathBuf {
    paths.run().join("events.json")
}

/// What has happened so far. What is half written is left for the next time.
pub(super) fn read(file: &Path) -> io::Result<Vec<Event>> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(parse(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn parse(bytes: &[u8]) -> Vec<Event> {
    serde_json::Deserializer::from_slice(bytes).into_iter::<Event>().map_while(Result::ok).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_up_to_one_that_is_half_written() {
        let text = r#"{
  "timestamp": { "secs": 0, "nanos": 83724 },
  "source": "vmm",
  "event": "starting",
  "properties": null
}

{
  "timestamp": { "secs": 0, "nanos": 182902544 },
  "source": "vm",
  "event": "boo"#;
        let events = parse(text.as_bytes());
        assert_eq!(events, [Event { source: "vmm".to_owned(), event: "starting".to_owned() }]);
    }
}
