//! The file of `--event-monitor`, in the program's own layout.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use serde_json::json;

#[derive(Debug)]
pub struct Events {
    file: Option<Mutex<File>>,
    start: Instant,
}

impl Events {
    pub fn create(path: Option<&Path>) -> Result<Self, String> {
        let file =
            path.map(File::create).transpose().map_err(|error| format!("Error doing event monitor I/O: {error}"))?;
        Ok(Self { file: file.map(Mutex::new), start: Instant::now() })
    }

    /// Writes one event. Whoever reads is not waited for, and a full disk is not this program's matter.
    pub fn write(&self, source: &str, event: &str) {
        let Some(file) = &self.file else { return };
        let since = self.start.elapsed();
        let timestamp = json!({"secs": since.as_secs(), "nanos": since.subsec_nanos()});
        let event = json!({"timestamp": timestamp, "source": source, "event": event, "properties": null});
        let text = serde_json::to_string_pretty(&event).expect("it is plain JSON");
        file.lock().expect("no thread panics").write_all(format!("{text}\n\n").as_bytes()).ok();
    }
}
